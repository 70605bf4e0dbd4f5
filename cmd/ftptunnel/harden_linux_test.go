package main

import (
	"context"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSecretHidesMemory checks that the process is not dumpable once a secret
// was typed, and not before.
func TestSecretHidesMemory(t *testing.T) {
	show := func() {
		if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
			t.Error(err)
		}
	}
	show() // a test before may have typed a secret
	t.Cleanup(show)
	e := env{
		environ: func() []string { return nil },
		getenv: func(name string) string {
			return map[string]string{"SSH_ASKPASS": "/bin/echo", "SSH_ASKPASS_REQUIRE": "force"}[name]
		},
	}
	p := &prompter{env: e}
	if s, err := p.Line(context.Background(), "yes"); s != "yes" || err != nil {
		t.Fatalf("%q, %v", s, err)
	}
	if got := dumpable(t); got != 1 {
		t.Fatalf("dumpable is %d after a line", got)
	}
	if s, err := p.Secret(context.Background(), "secret"); s != "secret" || err != nil {
		t.Fatalf("%q, %v", s, err)
	}
	if got := dumpable(t); got != 0 {
		t.Fatalf("dumpable is %d after a secret", got)
	}
}

func dumpable(t *testing.T) int {
	n, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
