package main

import (
	"errors"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// Exit codes. A wrapped command's own status passes through, and 128+s stands
// for death by signal s, as in a shell.
const (
	exitOK            = 0
	exitFailed        = 1 // a check or a demonstration in which something failed
	exitUsage         = 2
	exitCannotExecute = 126
	exitNotFound      = 127
	exitTunnel        = 255 // the tunnel could not be set up, or was lost
)

// signalError says that a signal ended what was going on.
type signalError struct{ sig os.Signal }

func (e signalError) Error() string { return "interrupted by " + e.sig.String() }

// exitStatus returns the exit code for a death by the signal.
func (e signalError) exitStatus() int {
	if s, ok := e.sig.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return exitTunnel
}

// setUpStatus returns the exit code for a failure before the tunnel was up.
func setUpStatus(err error) int {
	if s, ok := errors.AsType[signalError](err); ok {
		return s.exitStatus()
	}
	return exitTunnel
}

// notifySignals returns a channel on which the signals that ask the program to
// stop arrive, and what ends that. A signal that is ignored, as SIGHUP is
// under nohup(1) and SIGINT in the background of a script, stays ignored.
// Beside a command SIGQUIT is one of them: it would print our stacks. Signals
// listed in but are left out.
func notifySignals(besideCommand bool, but ...os.Signal) (chan os.Signal, func()) {
	ch := make(chan os.Signal, 4)
	asked := []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}
	if besideCommand {
		asked = append(asked, syscall.SIGQUIT)
	}
	for _, s := range asked {
		if !signal.Ignored(s) && !slices.Contains(but, s) {
			signal.Notify(ch, s)
		}
	}
	return ch, func() { signal.Stop(ch) }
}

// outliveReaders has the program go on, as ssh(1) does, where whoever reads its
// output has left, until stop is called. SIGPIPE is taken and not ignored, for
// the commands that are run would ignore it, too.
func outliveReaders() (stop func()) {
	ch := make(chan os.Signal, 1) // nobody looks
	if !signal.Ignored(syscall.SIGPIPE) {
		signal.Notify(ch, syscall.SIGPIPE)
	}
	return func() { signal.Stop(ch) }
}
