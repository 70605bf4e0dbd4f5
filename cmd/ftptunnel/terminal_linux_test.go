package main

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ftptunnel/testenv/tty"
)

// A hidden answer is read and not shown. Ctrl-D is none, and leaves the terminal
// as it was; after some letters it ends the answer, as it does elsewhere.
func TestHiddenAnswer(t *testing.T) {
	x := tty.New(t, 40, 10)
	at := &terminal{in: x.Slave, out: x.Slave}
	for _, c := range []struct {
		typed, want string
		err         error
	}{
		{"hunter2\n", "hunter2", nil},
		{"\n", "", nil},
		{"\x04", "", errPromptClosed},
		{"hun\x04ter2\n", "hunter2", nil},
	} {
		type answer struct {
			text string
			err  error
		}
		done := make(chan answer, 1)
		go func() {
			text, err := at.readLine(false)
			done <- answer{text, err}
		}()
		if !eventually(func() bool { return !echoes(t, x) }) {
			t.Fatal("what is typed is shown")
		}
		x.Type(c.typed)
		if got := <-done; got.text != c.want || !errors.Is(got.err, c.err) {
			t.Errorf("%q: %q, %v", c.typed, got.text, got.err)
		}
		if !echoes(t, x) {
			t.Errorf("%q: the terminal is not as it was", c.typed)
		}
	}
	x.Type("seen\n")
	if got, err := at.readLine(true); got != "seen" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	x.Await("the answer that is seen", func(screen []string) bool {
		return strings.Contains(strings.Join(screen, "\n"), "seen")
	})
	if strings.Contains(x.Raw(), "hunter") {
		t.Errorf("the secret was shown: %q", x.Raw())
	}
}

func echoes(t *testing.T, x *tty.Terminal) bool {
	t.Helper()
	modes, err := unix.IoctlGetTermios(int(x.Slave.Fd()), getTermios)
	if err != nil {
		t.Fatal(err)
	}
	return modes.Lflag&unix.ECHO != 0
}
