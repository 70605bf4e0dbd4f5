package main

import (
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// locked is the part of a file that is locked: one byte beyond all content,
// because Windows lets nobody else write what is.
var locked = windows.Overlapped{Offset: math.MaxUint32, OffsetHigh: math.MaxInt32}

// errLocked says that somebody else holds the lock.
var errLocked error = windows.ERROR_LOCK_VIOLATION

// tryLock takes the lock of a file, or fails at once: with errLocked while
// another open file of the same name holds it.
func tryLock(f *os.File) error {
	at := locked
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &at)
}

// unlockFile gives the lock back.
func unlockFile(f *os.File) error {
	at := locked
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &at)
}
