// Ftptunnel is an SSH client whose port forwarding understands FTP.
//
// This package is the command: its options, its messages, its prompts, the
// command that it wraps, its exit codes and the demonstration. How SSH
// connects is package sshconn's business, how FTP is carried is package
// tunnel's, and nothing here knows a detail of either protocol, but for the
// small FTP client of --demo and --check.
//
// How it fits together: run.go chooses what to do by the options (options.go,
// optioncheck.go). A tunnel is set up by setup.go and carried on by serve.go,
// beside a command by command.go. What happens is worded in events.go and
// sshevents.go, errors get their hints in hints.go and its siblings, and log.go
// writes it all. --check is check.go and its siblings, --demo is demo.go.
//
// The rules for what is printed: standard output is the result, one line per
// forward when it is ready, and nothing when a command is wrapped. All else
// goes to standard error with the prefix "ftptunnel: ", in lower case and
// without a full stop. An error that the user can do something about is
// followed by a hint.
package main

import (
	"context"
	"os"
	"runtime"
)

func main() {
	e := processEnv()
	floor := tune(e.getenv)
	status := run(context.Background(), e)
	runtime.KeepAlive(floor)
	os.Exit(status)
}
