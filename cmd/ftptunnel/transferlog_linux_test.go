package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"ftptunnel/testenv/daemons"
)

// TestTransferLogFullDisk: a line that a full disk has no room for leaves no part
// of itself, and the log goes on when there is room again.
func TestTransferLogFullDisk(t *testing.T) {
	daemons.NeedNamespaces(t, "a full disk", "it is a file system of 4 KiB")
	dir, done := t.TempDir(), make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for ever: no other goroutine is to see the mount
		if err := errors.Join(unix.Unshare(unix.CLONE_FS|unix.CLONE_NEWNS),
			unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
			unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k")); err != nil {
			t.Error(err)
			return
		}
		fillDisk(t, filepath.Join(dir, "transfers"))
	}()
	<-done
}

// fillDisk writes lines until there is no room, and one when there is again.
func fillDisk(t *testing.T, name string) {
	l, err := openTransferLog(name)
	if err != nil {
		t.Error(err)
		return
	}
	defer l.close()
	lines := 0
	for ; lines < 100 && err == nil; lines++ {
		err = l.write(transferRecord{Path: strings.Repeat("x", 100)})
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("the disk is not full: %v", err)
	}
	if lines--; !wholeLines(t, name, lines) {
		t.Error("a part of a line is left")
	}
	if err := os.Truncate(name, 0); err != nil {
		t.Error(err)
	}
	if err := l.write(transferRecord{}); err != nil || !wholeLines(t, name, 1) {
		t.Errorf("with room again: %v", err)
	}
}

// wholeLines reports whether a file consists of n lines.
func wholeLines(t *testing.T, name string, n int) bool {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
	}
	return strings.Count(string(text), "\n") == n && strings.HasSuffix(string(text), "}\n")
}
