//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// foreground reports whether a terminal is the one that controls this process,
// which is not in the background of its shell.
func foreground(f *os.File) bool {
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// notifyResumed has ch told when the process goes on after it was stopped.
func notifyResumed(ch chan<- os.Signal) { signal.Notify(ch, syscall.SIGCONT) }
