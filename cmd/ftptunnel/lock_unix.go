//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile waits until no other open file of the same name holds the lock, and
// takes it: flock(2), which ends with the process. A file system without locks
// gives an error at once.
func lockFile(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != unix.EINTR {
			return err
		}
	}
}

// unlockFile gives the lock back.
func unlockFile(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }
