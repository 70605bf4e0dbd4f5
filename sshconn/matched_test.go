package sshconn

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ftptunnel/testenv"
)

// The Host lines that apply are told alike by ssh and without it.
func TestMatched(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	text := "Host other\n\tPort 1\nHost b* !bad\n\tHostName 127.0.0.1\nMatch all\n\tPort 3\nHost bad\nHost *\n\tPort 2\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) string {
		if name == "PATH" {
			return filepath.Dir(program(t, "ssh"))
		}
		return ""
	}
	for _, o := range []Options{{ConfigFile: file}, {ConfigFile: file, Env: env}} {
		got, err := Matched(t.Context(), "box", o)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{file + ":3", file + ":8"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

// The way to a server and its host key are told before the login.
func TestEventsOnTheWay(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	for _, line := range []int{0, 1} { // recorded just now, and known
		events := make(chan Event, 20)
		c := NewClient(cfg, nil, func(e Event) { events <- e })
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Close()
		close(events)
		var kinds []EventKind
		for e := range events {
			kinds = append(kinds, e.Kind)
			switch e.Kind {
			case Reached:
				if e.Addr == nil || e.Addr.String() != s.Addr() {
					t.Errorf("reached %v", e.Addr)
				}
			case HostKeyAccepted:
				if e.File != cfg.UserKnownHosts[0] || e.Line != line {
					t.Errorf("recorded at %s:%d, want line %d", e.File, e.Line, line)
				}
			}
		}
		reached, key, in := slices.Index(kinds, Reached), slices.Index(kinds, HostKeyAccepted), slices.Index(kinds, Connected)
		if reached < 0 || key < reached || in < key {
			t.Errorf("events %v", kinds)
		}
	}
}
