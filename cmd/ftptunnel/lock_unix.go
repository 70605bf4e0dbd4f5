//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// errLocked says that somebody else holds the lock.
var errLocked error = unix.EWOULDBLOCK

// tryLock takes the lock of a file, or fails at once: with errLocked while
// another open file of the same name holds it, otherwise if the file system has
// none. It is flock(2)'s, which ends with the process.
func tryLock(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != unix.EINTR {
			return err
		}
	}
}

// unlockFile gives the lock back.
func unlockFile(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }
