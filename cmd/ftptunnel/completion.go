package main

import (
	"embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// completed is an option as the shells complete it. A test holds the list
// against the options.
type completed struct {
	name     string // as pflag has it
	about    string // without quotes, brackets and colons
	argument string // what it takes, "" for nothing
	values   []string
	kind     argumentKind
}

// argumentKind says what completes an argument that has no list of values.
type argumentKind int

const (
	anyWord argumentKind = iota
	fileName
	hostName
)

// completedOptions are the options in the order of the usage.
var completedOptions = []completed{
	{name: "L", about: "a forward", argument: "[bind:]port:host:hostport"},
	{name: "R", about: "a forward turned round", argument: "[bind:]port:host:hostport"},
	{name: "D", about: "a proxy", argument: "[bind:]port"},
	{name: "listen", about: "where clients of target arrive", argument: "[host:]port"},
	{name: "l", about: "log in as this user", argument: "user"},
	{name: "p", about: "the SSH server is on this port", argument: "port"},
	{name: "i", about: "use this key", argument: "file", kind: fileName},
	{name: "J", about: "go through these jump hosts", argument: "hosts", kind: hostName},
	{name: "F", about: "read this instead of ~/.ssh/config", argument: "file", kind: fileName},
	{name: "o", about: "an ssh_config line", argument: "key=value"},
	{name: "b", about: "connect from this address", argument: "address"},
	{name: "4", about: "IPv4 only"},
	{name: "6", about: "IPv6 only"},
	{name: "N", about: "execute nothing on the server"},
	{name: "G", about: "print what destination is resolved to"},
	{name: "batch", about: "never ask for anything"},
	{name: "f", about: "go into the background when ready"},
	{name: "engine", about: "who speaks SSH", argument: "who", values: keys(engines)},
	{name: "server-mode", about: "data connections on the server side", argument: "mode", values: keys(serverModes)},
	{name: "active-address", about: "where the FTP server reaches the SSH server", argument: "address"},
	{name: "data-host", about: "the host that a 227 port is dialled on", argument: "which", values: []string{"control", "reply"}},
	{name: "prefetch", about: "ask for the next passive address ahead of the client"},
	{name: "fxp", about: "permit data connections to third hosts"},
	{name: "tls", about: "what becomes of AUTH TLS", argument: "what", values: keys(tlsModes)},
	{name: "q", about: "errors only"},
	{name: "v", about: "tell of sessions and transfers, twice of the dialogue"},
	{name: "log-format", about: "how it is told", argument: "format", values: []string{"text", "json"}},
	{name: "E", about: "append it to this file", argument: "file", kind: fileName},
	{name: "transfer-log", about: "append an object for each transfer to this file", argument: "file", kind: fileName},
	{name: "check", about: "test every hop and report"},
	{name: "demo", about: "show it with servers of its own"},
	{name: "completion", about: "print a completion script", argument: "shell", values: shells},
	{name: "V", about: "print the version"},
	{name: "h", about: "print the usage"},
}

// keys returns the values that an option has.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// shells are the values of --completion, and the names of the scripts.
var shells = []string{"bash", "zsh", "fish"}

//go:embed completion
var completionScripts embed.FS

// placeholders are what is replaced in a wrapped command's arguments.
const placeholders = "{addr} {host} {port} {url}"

// completionScript returns the script for a shell. In it @NAME@ stands for
// what the options say.
func completionScript(shell string) (string, error) {
	text, err := completionScripts.ReadFile("completion/" + shell)
	if err != nil {
		return "", err
	}
	return strings.NewReplacer(
		"@OPTIONS@", strings.Join(spelledOptions(func(completed) bool { return true }), " "),
		"@TAKING@", strings.Join(spelledOptions(func(c completed) bool { return c.argument != "" }), "|"),
		"@FILES@", strings.Join(spelledOptions(func(c completed) bool { return c.kind == fileName }), "|"),
		"@HOSTS@", strings.Join(spelledOptions(func(c completed) bool { return c.kind == hostName }), "|"),
		"@VALUES@\n", eachOption(bashValues),
		"@ZSH@\n", eachOption(zshOption),
		"@FISH@\n", eachOption(fishOption),
		"@PLACEHOLDERS@", placeholders,
	).Replace(string(text)), nil
}

// printCompletion prints the script that is asked for.
func printCompletion(e env, o *options) int {
	text, err := completionScript(o.completion)
	if err == nil {
		_, err = io.WriteString(e.stdout, text)
	}
	if err != nil {
		newProgram(e, o).fail("completion", err)
		return exitTunnel
	}
	return exitOK
}

// spelled returns the option as it is typed.
func (c completed) spelled() string { return spelled(&pflag.Flag{Name: c.name}) }

// spelledOptions returns those options that which says, as they are typed.
func spelledOptions(which func(completed) bool) []string {
	var all []string
	for _, c := range completedOptions {
		if which(c) {
			all = append(all, c.spelled())
		}
	}
	return all
}

// eachOption joins what the options have to say, each in a line of its own.
func eachOption(line func(completed) string) string {
	var b strings.Builder
	for _, c := range completedOptions {
		if s := line(c); s != "" {
			b.WriteString(s + "\n")
		}
	}
	return b.String()
}

// bashValues is a branch of a case for an option that has a list of values.
func bashValues(c completed) string {
	if c.values == nil {
		return ""
	}
	return fmt.Sprintf("    %s) words=%q ;;", c.spelled(), strings.Join(c.values, " "))
}

// zshOption is an option as _arguments of zsh describes it.
func zshOption(c completed) string {
	if c.argument == "" {
		return fmt.Sprintf("        '%s[%s]' \\", c.repeated()+c.spelled(), c.about)
	}
	sign := "="
	if len(c.name) == 1 {
		sign = "+"
	}
	action := map[argumentKind]string{fileName: "_files", hostName: "_ssh_hosts"}[c.kind]
	if c.values != nil {
		action = "(" + strings.Join(c.values, " ") + ")"
	}
	argument := strings.ReplaceAll(c.argument, ":", `\:`)
	return fmt.Sprintf("        '%s%s[%s]:%s:%s' \\", c.repeated()+c.spelled(), sign, c.about, argument, action)
}

// repeated marks for zsh an option that can be given more than once.
func (c completed) repeated() string {
	switch c.name {
	case "L", "R", "D", "i", "o", "v":
		return "*"
	}
	return ""
}

// fishOption is an option as complete of fish describes it.
func fishOption(c completed) string {
	name := "-l " + c.name
	if len(c.name) == 1 {
		name = "-s " + c.name
	}
	takes := ""
	switch {
	case c.values != nil:
		takes = fmt.Sprintf(" -x -a '%s'", strings.Join(c.values, " "))
	case c.kind == fileName:
		takes = " -r -F"
	case c.kind == hostName:
		takes = " -x -a '(__fish_complete_user_at_hosts)'"
	case c.argument != "":
		takes = " -x"
	}
	return fmt.Sprintf("complete -c ftptunnel -n 'not __ftptunnel_command_begun' %s%s -d '%s'", name, takes, c.about)
}
