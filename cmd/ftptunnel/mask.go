package main

import "strings"

// secretCommands are the commands whose argument is a secret (RFC 959 section
// 4.1.1, RFC 2228 section 3) and the site commands that set a password.
var secretCommands = []string{"PASS", "ACCT", "ADAT", "SITE PSWD", "SITE CPWD", "SITE CHPASS"}

// maskSecret returns a command line with a secret argument replaced. It also
// catches a command that a server would refuse, such as PASSsecret or a TAB in
// place of the blank: the secret is no less secret.
func maskSecret(line string) string {
	words := strings.Fields(line)
	if len(words) == 0 {
		return line
	}
	command := strings.ToUpper(words[0])
	if command == "SITE" && len(words) > 1 {
		command += " " + strings.ToUpper(words[1])
	}
	for _, secret := range secretCommands {
		if strings.HasPrefix(command, secret) {
			return secret + " ****"
		}
	}
	return line
}
