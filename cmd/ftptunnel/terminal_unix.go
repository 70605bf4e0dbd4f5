//go:build unix

package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openTerminal opens the controlling terminal.
func openTerminal() (*terminal, error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &terminal{in: f, out: f}, nil
}

// readHidden reads one line that is not shown. Package term's reader goes on for
// ever where the terminal has no more to give: after Ctrl-D, or once it is gone.
func (t *terminal) readHidden() (string, error) {
	fd := int(t.in.Fd())
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return "", err
	}
	if err := t.hide(); err != nil {
		return "", err
	}
	defer func() { _ = unix.IoctlSetTermios(fd, setTermios, before) }()
	defer fmt.Fprintln(t.out) // what Enter did not show
	return readLine(t.in)
}

// hide has the terminal not show what is typed.
func (t *terminal) hide() error {
	fd := int(t.in.Fd())
	modes, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return err
	}
	modes.Lflag &^= unix.ECHO
	modes.Lflag |= unix.ICANON | unix.ISIG
	modes.Iflag |= unix.ICRNL
	return unix.IoctlSetTermios(fd, setTermios, modes)
}
