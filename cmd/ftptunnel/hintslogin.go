package main

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"ftptunnel/sshconn"
)

// authHint is for a login that was refused.
func (p *program) authHint(err error) string {
	e, ok := errors.AsType[*sshconn.AuthError](err)
	if !ok {
		return ""
	}
	for _, why := range e.Passed {
		if file, _, ok := strings.Cut(why, ": permissions are too open"); ok {
			return fmt.Sprintf("others can read the key, so it was not used: chmod 600 %s", file)
		}
	}
	switch {
	case e.TooMany && keysTried(e) > 1:
		return "the server counts every key that the agent offers: -o IdentitiesOnly=yes -i KEY offers one"
	case len(e.Locked) > 0:
		return p.unaskedHint(fmt.Sprintf("the key has a passphrase, and %%s: ssh-add %s, or %%s", word(e.Locked[0])))
	case e.NoPrompt, p.batch && wantsTyping(e.Allowed):
		return p.unaskedHint(unansweredHint(e))
	case len(e.Passed) > 0:
		return "a key was not used: " + e.Passed[0] + "; -i FILE names another"
	case p.engine == sshconn.EngineAuto && foreign(e.Allowed):
		return "the server wants a login that only ssh itself can do: --engine openssh"
	case keysTried(e) == 0 && slices.Contains(e.Allowed, "publickey"):
		return "no key was offered: ssh-add -l lists the agent's, -i FILE names another"
	}
	if e.Jump != "" {
		return fmt.Sprintf("%s shows the same login; in ssh_config, below Host %s: User, IdentityFile", p.sshJump(e.Jump, "-v"), e.Jump)
	}
	return fmt.Sprintf("%s shows the same login; -l names the user, -i the key", p.sshCommand("-v"))
}

// keysTried counts the keys that were offered.
func keysTried(e *sshconn.AuthError) int {
	n := 0
	for _, what := range e.Tried {
		if strings.HasPrefix(what, "publickey ") {
			n++
		}
	}
	return n
}

// unansweredHint is for a password that nobody could be asked for, with a place
// for why, and one for what would help.
func unansweredHint(e *sshconn.AuthError) string {
	unused := ""
	if len(e.Passed) > 0 {
		unused = " (" + strings.ReplaceAll(e.Passed[0], "%", "%%") + ")"
	}
	switch {
	case !slices.Contains(e.Allowed, "publickey"):
		return "a password is needed, and %s: %s"
	case keysTried(e) > 0:
		return "no key was accepted" + unused + ", and for a password %s: -i FILE names another key, -l the user, or %s"
	}
	return "no key was offered" + unused + ", and for a password %s: ssh-add -l lists the agent's keys, -i FILE names another, or %s"
}

// unaskedHint puts into a hint why nobody was asked and what would change that.
func (p *program) unaskedHint(hint string) string {
	if p.batch {
		return fmt.Sprintf(hint, "--batch forbids asking", "leave --batch out")
	}
	why, remedy := "there is no terminal to ask on", "set SSH_ASKPASS"
	if name := p.getenv("SSH_ASKPASS"); name != "" {
		if _, err := exec.LookPath(name); err != nil {
			why = fmt.Sprintf("SSH_ASKPASS, %s, cannot be run", word(name))
		} else if chooseAskpass(p.getenv) == askpassNever {
			remedy = "set SSH_ASKPASS_REQUIRE=force"
		}
	}
	return fmt.Sprintf(hint, why, remedy)
}

// foreign reports whether a server lets in by nothing that is spoken here.
func foreign(methods []string) bool {
	ours := []string{"none", "publickey", "password", "keyboard-interactive"}
	return len(methods) > 0 && !slices.ContainsFunc(methods, func(m string) bool { return slices.Contains(ours, m) })
}

// wantsTyping reports whether a server would go on with a method that asks.
func wantsTyping(methods []string) bool {
	return slices.Contains(methods, "password") || slices.Contains(methods, "keyboard-interactive")
}
