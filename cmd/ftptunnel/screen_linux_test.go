package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"ftptunnel/testenv/tty"
)

// shows waits until a terminal shows exactly these lines.
func shows(t *testing.T, x *tty.Terminal, want ...string) {
	t.Helper()
	x.Await(fmt.Sprintf("%q", want), func(s []string) bool { return slices.Equal(s, want) })
}

// TestScreen has lines above the live ones, which go for a prompt and at the
// end, and stay where they are when others have used the terminal.
func TestScreen(t *testing.T) {
	x := tty.New(t, 20, 10)
	ours := true
	s := openScreen(x.Slave, func(*os.File) bool { return ours })
	log := func(line string) {
		if n, err := io.WriteString(s, line+"\n"); err != nil || n != len(line)+1 {
			t.Errorf("%d, %v", n, err)
		}
	}
	log("first")
	s.show([]string{"live 1", "live 2"})
	shows(t, x, "first", "live 1", "live 2")
	log("second")
	shows(t, x, "first", "second", "live 1", "live 2")
	s.show([]string{"live 3"})
	shows(t, x, "first", "second", "live 3")

	x.Type("^C") // and the terminal shows it
	shows(t, x, "first", "second", "live 3", "^C")
	s.show([]string{"live 3", "live 4"})
	shows(t, x, "first", "second", "live 3", "live 4")

	s.pause()
	shows(t, x, "first", "second")
	s.show([]string{"not now"})
	log("third")
	shows(t, x, "first", "second", "third")
	s.resume()
	s.show([]string{"live 4"})
	shows(t, x, "first", "second", "third", "live 4")

	ours = false
	log("fourth")
	s.show([]string{"in the background"})
	log("fifth")
	ours = true
	s.show([]string{"live 5"})
	s.resumed()
	s.show([]string{"live 6"})
	shows(t, x, "first", "second", "third", "live 4", "fourth", "fifth", "live 5", "live 6")
	s.show(nil)
	log("last")
	shows(t, x, "first", "second", "third", "live 4", "fourth", "fifth", "live 5", "last")
}

// TestScreenWhole: what many write at once comes out in whole lines, whatever
// is drawn meanwhile.
func TestScreenWhole(t *testing.T) {
	const writers, each = 8, 50
	x := tty.New(t, 40, 12)
	s := openScreen(x.Slave, func(*os.File) bool { return true })
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				fmt.Fprintf(s, "writer %d line %d ends\n", w, i)
				s.show(slices.Repeat([]string{"live ends"}, 1+(w+i)%5))
			}
		})
	}
	wg.Wait()
	s.show(nil)
	fmt.Fprintln(s, "end")
	x.Await("the end", func(s []string) bool { return len(s) > 0 && s[len(s)-1] == "end" })
	all := x.History()
	if len(all) != writers*each+1 {
		t.Errorf("%d lines", len(all))
	}
	for w := range writers {
		for i := range each {
			if !slices.Contains(all, fmt.Sprintf("writer %d line %d ends", w, i)) {
				t.Errorf("writer %d line %d is torn or missing", w, i)
			}
		}
	}
}

// TestScreenMakesWay: whoever draws while a prompt takes the terminal leaves
// nothing there that would be drawn over it.
func TestScreenMakesWay(t *testing.T) {
	x := tty.New(t, 40, 10)
	s := openScreen(x.Slave, func(*os.File) bool { return true })
	var wg sync.WaitGroup
	defer wg.Wait()
	done := make(chan struct{})
	defer close(done)
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					s.show([]string{"live"})
				}
			}
		})
	}
	for range 500 {
		s.pause()
		s.mu.Lock()
		left := len(s.lines)
		s.mu.Unlock()
		s.resume()
		if left > 0 {
			t.Fatal("live lines have come back")
		}
	}
}

// A prompt has the terminal for itself while it waits for the answer.
func TestScreenPrompt(t *testing.T) {
	x := tty.New(t, 40, 10)
	s := openScreen(x.Slave, func(*os.File) bool { return true })
	dir := t.TempDir()
	script, fifo := filepath.Join(dir, "askpass"), filepath.Join(dir, "fifo")
	text := "#!/bin/sh\nprintf '%s' \"$1\" >&2\nread -r answer <" + fifo + "\necho >&2\necho \"$answer\"\n"
	if err := errors.Join(syscall.Mkfifo(fifo, 0o600), os.WriteFile(script, []byte(text), 0o700)); err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"SSH_ASKPASS": script, "SSH_ASKPASS_REQUIRE": "force"}
	p := &prompter{screen: s, env: env{stderr: x.Slave, environ: os.Environ, getenv: func(k string) string { return vars[k] }}}
	s.show([]string{"live 1"})
	shows(t, x, "live 1")
	answer := make(chan string, 1)
	go func() {
		text, _ := p.Line(t.Context(), "code: ")
		answer <- text
	}()
	shows(t, x, "code:")
	s.show([]string{"live 2"})
	if err := os.WriteFile(fifo, []byte("1234\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-answer; got != "1234" {
		t.Errorf("answer %q", got)
	}
	s.show([]string{"live 3"})
	shows(t, x, "code:", "live 3")
}

// TestScreenPlace: there are no live lines where they have no place.
func TestScreenPlace(t *testing.T) {
	x := tty.New(t, 80, 24)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, c := range []struct {
		stderr io.Writer
		term   string
		args   string
		want   bool
	}{
		{x.Slave, "xterm", "a", true},
		{x.Slave, "xterm", "-vv -E log a", true},
		{x.Slave, "xterm", "-D 1 -L 2:h:21 a", true},
		{x.Slave, "dumb", "a", false},
		{x.Slave, "", "a", false},
		{w, "xterm", "a", false},
		{io.Discard, "xterm", "a", false},
		{x.Slave, "xterm", "-q a", false},
		{x.Slave, "xterm", "-f a", false},
		{x.Slave, "xterm", "--log-format json a", false},
		{x.Slave, "xterm", "a -- true", false},
		{x.Slave, "xterm", "--check a", false},
		{x.Slave, "xterm", "--demo", false},
	} {
		o, err := parse(strings.Fields(c.args))
		if err != nil {
			t.Fatal(err)
		}
		s := newScreen(env{stderr: c.stderr, getenv: func(string) string { return c.term }}, o)
		if (s != nil) != c.want {
			t.Errorf("%q with TERM=%q on a %T: %v", c.args, c.term, c.stderr, s)
		}
	}
}
