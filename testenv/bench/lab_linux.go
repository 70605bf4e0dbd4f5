package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// lab is what the cases run in. It lends itself to the launchers of package
// daemons as the test that they report to and end with.
type lab struct {
	testing.TB // nil: every method that the launchers call is here

	ctx     context.Context
	options options
	results *results
	program string // ftptunnel
	plain   string // the same without windows that grow
	usage   string // what it prints for -h

	cleanups []func() // of the scene
	built    []func() // of the lab
}

// failure is what Fatal panics with; close returns it as an error.
type failure string

func (f failure) Error() string { return string(f) }

// close ends what runs and turns a panic of Fatal into an error.
func (l *lab) close(err *error) {
	if r := recover(); r != nil {
		f, ok := r.(failure)
		if !ok {
			panic(r)
		}
		*err = f
	}
	l.endScene()
	for _, f := range l.built {
		f()
	}
	*err = errors.Join(*err, l.ctx.Err())
}

// endScene runs the clean-ups, the latest first.
func (l *lab) endScene() {
	for len(l.cleanups) > 0 {
		last := len(l.cleanups) - 1
		f := l.cleanups[last]
		l.cleanups = l.cleanups[:last]
		f()
	}
}

// check ends the lab if there is an error.
func (l *lab) check(err error) {
	if err != nil {
		panic(failure(err.Error()))
	}
}

// build compiles ftptunnel, unless a program was given.
func (l *lab) build() {
	l.program = l.options.program
	if l.program == "" {
		dir, err := os.MkdirTemp("", "bench-")
		l.check(err)
		l.built = append(l.built, func() { os.RemoveAll(dir) })
		l.program = l.compile(filepath.Join(dir, "ftptunnel"))
		l.plain = l.compile(filepath.Join(dir, "ftptunnel-plain"), "-tags", "ftptunnel_nowindow")
	}
	usage, err := exec.CommandContext(l.ctx, l.program, "-h").CombinedOutput()
	l.check(err)
	l.usage = string(usage)
}

func (l *lab) compile(program string, options ...string) string {
	args := append([]string{"build", "-o", program}, options...)
	out, err := exec.CommandContext(l.ctx, "go", append(args, "ftptunnel/cmd/ftptunnel")...).CombinedOutput()
	if err != nil {
		l.check(fmt.Errorf("go build: %w: %s", err, out))
	}
	return program
}

// has reports whether ftptunnel knows an option.
func (l *lab) has(option string) bool { return strings.Contains(l.usage, option) }

// The rest is testing.TB as the launchers use it.

func (l *lab) Helper()          {}
func (l *lab) Cleanup(f func()) { l.cleanups = append(l.cleanups, f) }
func (l *lab) Failed() bool     { return false }
func (l *lab) Name() string     { return "bench" }

func (l *lab) Fatal(args ...any)                 { panic(failure(fmt.Sprint(args...))) }
func (l *lab) Fatalf(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }
func (l *lab) Skipf(format string, args ...any)  { l.Fatalf(format, args...) }
func (l *lab) Logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
func (l *lab) Errorf(format string, args ...any) { l.Logf(format, args...) }
