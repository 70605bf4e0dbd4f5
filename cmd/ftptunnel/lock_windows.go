package main

import (
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// locked is the part of a file that is locked: one byte beyond all content,
// because Windows lets nobody else write what is.
var locked = windows.Overlapped{Offset: math.MaxUint32, OffsetHigh: math.MaxInt32}

// lockFile waits until no other open file of the same name holds the lock, and
// takes it.
func lockFile(f *os.File) error {
	at := locked
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &at)
}

// unlockFile gives the lock back.
func unlockFile(f *os.File) error {
	at := locked
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &at)
}
