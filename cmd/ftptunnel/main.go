// Ftptunnel is an SSH client whose port forwarding understands FTP.
//
// This package is the command: its options, its messages, its prompts, the
// command that it wraps, its exit codes and the demonstration. How SSH
// connects is package sshconn's business, how FTP is carried is package
// tunnel's, and nothing here knows a detail of either protocol, but for the
// small FTP client of the demonstration.
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
