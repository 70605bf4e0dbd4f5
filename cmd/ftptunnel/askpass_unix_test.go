//go:build unix

package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An askpass program that leaves something running in the background, which
// keeps its output open, has answered all the same.
func TestAskpassLeavesSomethingBehind(t *testing.T) {
	script := filepath.Join(t.TempDir(), "ask")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nsleep 20 &\necho \"$1 yes\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	e := env{stderr: io.Discard, environ: os.Environ, getenv: func(string) string { return script }}
	began := time.Now()
	answer, err := runAskpass(t.Context(), e, "sure?")
	if err != nil || answer != "sure? yes" {
		t.Errorf("%q, %v", answer, err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("took %v", took)
	}
}
