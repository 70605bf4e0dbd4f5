//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"syscall"
	"testing"
)

// signalling sends a signal with the first message that has a word in it, and
// goes on when it was taken.
type signalling struct {
	word string
	to   chan os.Signal
}

func (s *signalling) Write(b []byte) (int, error) {
	if s.word != "" && bytes.Contains(b, []byte(s.word)) {
		s.word = ""
		s.to <- syscall.SIGTERM
	}
	return len(b), nil
}

// TestSignalAtTheEndOfSetUp: a signal that was taken while the tunnel came up
// ends the program, though nothing is left to interrupt.
func TestSignalAtTheEndOfSetUp(t *testing.T) {
	s := newScene(t)
	w := &signalling{word: "greets", to: make(chan os.Signal)}
	o, err := parse(s.args("-v", "--batch"))
	if err != nil {
		t.Fatal(err)
	}
	e := env{stderr: w, getenv: func(string) string { return "" }, home: t.TempDir()}
	p := &program{env: e, options: o, log: newLogger(w, o), prompt: &prompter{env: e}}
	u, err := p.setUp(t.Context(), w.to)
	if err == nil {
		u.abandon()
	}
	if e, ok := errors.AsType[signalError](err); !ok || e.sig != syscall.SIGTERM {
		t.Errorf("set-up ends with %v", err)
	}
}
