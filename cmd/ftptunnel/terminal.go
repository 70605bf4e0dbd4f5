package main

import (
	"errors"
	"io"
	"os"

	"golang.org/x/term"
)

// terminal is the terminal that the user sits at.
type terminal struct{ in, out *os.File }

// close closes the terminal's files.
func (t *terminal) close() {
	t.in.Close()
	if t.out != t.in {
		t.out.Close()
	}
}

// save returns what puts the terminal's modes back as they are now.
func (t *terminal) save() (restore func(), err error) {
	state, err := term.GetState(int(t.in.Fd()))
	if err != nil {
		return nil, err
	}
	return func() { _ = term.Restore(int(t.in.Fd()), state) }, nil
}

// readLine reads one line, shown as it is typed or not.
func (t *terminal) readLine(echo bool) (string, error) {
	if echo {
		return readLine(t.in)
	}
	return t.readHidden()
}

// readLine reads up to a line feed, byte by byte so as to leave what follows.
func readLine(r io.Reader) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for {
		n, err := r.Read(b)
		switch {
		case n == 1 && b[0] == '\n':
			return trimCR(string(line)), nil
		case n == 1:
			line = append(line, b[0])
		case errors.Is(err, io.EOF) && len(line) > 0:
			return trimCR(string(line)), nil
		case errors.Is(err, io.EOF):
			return "", errPromptClosed
		case err != nil:
			return "", err
		}
	}
}

// trimCR removes the carriage return that a Windows console leaves.
func trimCR(s string) string {
	if n := len(s); n > 0 && s[n-1] == '\r' {
		return s[:n-1]
	}
	return s
}
