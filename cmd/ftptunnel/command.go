package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// place is where a wrapped command finds the FTP server.
type place struct{ addr string } // host:port

func (p place) url() string { return "ftp://" + p.addr }

// host returns the host without the brackets of an IPv6 address.
func (p place) host() string {
	host, _, _ := net.SplitHostPort(p.addr)
	return host
}

func (p place) port() string {
	_, port, _ := net.SplitHostPort(p.addr)
	return port
}

// fill replaces {addr}, {host}, {port} and {url} in a command's arguments.
func (p place) fill(args []string) []string {
	r := strings.NewReplacer("{addr}", p.addr, "{host}", p.host(),
		"{port}", p.port(), "{url}", p.url())
	filled := make([]string, len(args))
	for i, a := range args {
		filled[i] = r.Replace(a)
	}
	return filled
}

// fills reports whether there is something to replace in an argument.
func (p place) fills(arg string) bool { return p.fill([]string{arg})[0] != arg }

// environ returns the variables that say the same.
func (p place) environ() []string {
	return []string{
		"FTPTUNNEL_ADDR=" + p.addr,
		"FTPTUNNEL_HOST=" + p.host(),
		"FTPTUNNEL_PORT=" + p.port(),
		"FTPTUNNEL_URL=" + p.url(),
	}
}

// commandError says that the wrapped command cannot be run.
type commandError struct {
	name string
	err  error
}

func (e *commandError) Error() string {
	if e.exitStatus() == exitNotFound {
		return fmt.Sprintf("command %q was not found", e.name)
	}
	err := e.err
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		err = pe.Err
	} else if ee, ok := errors.AsType[*exec.Error](err); ok {
		err = ee.Err
	}
	return fmt.Sprintf("command %q cannot be executed: %v", e.name, err)
}

func (e *commandError) Unwrap() error { return e.err }

// exitStatus returns the shell's code for it.
func (e *commandError) exitStatus() int {
	if errors.Is(e.err, exec.ErrNotFound) || errors.Is(e.err, os.ErrNotExist) {
		return exitNotFound
	}
	return exitCannotExecute
}

// findCommand looks a command up before anything is set up for it. Its error
// is a *commandError.
func findCommand(name string) (path string, err error) {
	if path, err = exec.LookPath(name); err != nil {
		return "", &commandError{name, err}
	}
	return path, nil
}

// runCommand runs the command with the terminal and the standard streams, and
// hands on the signals that arrive meanwhile. It returns the command's exit
// code; its error is a *commandError.
func (p *program) runCommand(path string, at place, sigs <-chan os.Signal) (int, error) {
	c := exec.Command(path)
	c.Args = append([]string{p.command[0]}, at.fill(p.command[1:])...)
	c.Env = append(p.environ(), at.environ()...)
	c.Stdin, c.Stdout, c.Stderr = p.stdin, p.stdout, p.stderr
	if err := c.Start(); err != nil {
		return 0, &commandError{p.command[0], err}
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	for {
		select {
		case s := <-sigs:
			passOn(c.Process, s)
		case err := <-done:
			return commandStatus(c.ProcessState, err)
		}
	}
}

// passOn hands a signal to the command, but not what a terminal sends to both:
// then the command decides what it means.
func passOn(to *os.Process, s os.Signal) {
	if s != syscall.SIGINT && s != syscall.SIGQUIT {
		_ = to.Signal(s) // it may have just ended
	}
}

// commandStatus returns the exit code that stands for how a command ended.
func commandStatus(s *os.ProcessState, err error) (int, error) {
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		return 0, err
	}
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return signalError{w.Signal()}.exitStatus(), nil
	}
	return s.ExitCode(), nil
}
