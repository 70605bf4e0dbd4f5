package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// openTerminal opens the console, whatever the standard streams are.
func openTerminal() (*terminal, error) {
	in, err := os.OpenFile("CONIN$", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	out, err := os.OpenFile("CONOUT$", os.O_RDWR, 0)
	if err != nil {
		in.Close()
		return nil, err
	}
	return &terminal{in: in, out: out}, nil
}

// readHidden reads one line that is not shown.
func (t *terminal) readHidden() (string, error) {
	s, err := term.ReadPassword(int(t.in.Fd()))
	fmt.Fprintln(t.out)
	if errors.Is(err, io.EOF) {
		return "", errPromptClosed
	}
	return string(s), err
}

// hide does nothing: it is for a program that was stopped, as none is here.
func (t *terminal) hide() error { return nil }
