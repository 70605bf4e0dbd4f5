//go:build unix

package daemons

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startTimeout bounds the time from a daemon's start to its greeting, on a
// machine with much else to do.
const startTimeout = 30 * time.Second

// Process is a daemon that runs, with everything that it forked. It ends with
// its test.
type Process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when the daemon itself has ended
}

// start runs cmd in a process group of its own. What it prints goes to a file
// in dir, which is shown if the test fails.
func start(t testing.TB, dir string, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{
		cmd:  cmd,
		log:  filepath.Join(dir, "output"),
		done: make(chan struct{}),
	}
	// A file, not a pipe: Wait would wait for every process that inherited it.
	output, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = attributes()
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", cmd.Path, err)
	}
	go p.wait()
	t.Cleanup(func() {
		p.Kill()
		if text := p.tail(); t.Failed() && text != "" {
			t.Logf("%s printed:\n%s", filepath.Base(cmd.Path), text)
		}
	})
	return p
}

func (p *Process) wait() {
	_ = p.cmd.Wait()
	close(p.done)
}

// Pid is the daemon's process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Kill ends the daemon and everything that it forked, and returns when the
// daemon is gone. It may be called more than once.
func (p *Process) Kill() {
	p.kill(true)
	<-p.done
}

// Cut ends what the daemon has forked, and with it every connection that it
// serves, but not the daemon: new connections are served.
func (p *Process) Cut() {
	p.kill(false)
	p.signal(syscall.SIGCONT, p.Pid())
}

// Freeze stops the daemon and everything that it forked, so that connections
// stay open and nothing moves, until Thaw.
func (p *Process) Freeze() { p.stopTree() }

// Thaw ends what Freeze began.
func (p *Process) Thaw() {
	p.signal(syscall.SIGCONT, append(descendants(p.Pid()), p.Pid())...)
}

// tail is the end of what the daemon printed.
func (p *Process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-8<<10):])
}

// errExited says that a daemon ended before it had greeted.
var errExited = errors.New("ended before it had answered")

// answers returns nil as soon as a connection to addr brings a greeting with
// the given prefix, and an error if the daemon ends or startTimeout passes.
func (p *Process) answers(addr, prefix string) error {
	deadline := time.After(startTimeout)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		err := greeting(addr, prefix)
		select {
		case <-p.done:
			return errExited
		default:
		}
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return errExited
		case <-deadline:
			return fmt.Errorf("no answer at %s: %w", addr, err)
		case <-again.C:
		}
	}
}

func greeting(addr, prefix string) error {
	conn, err := net.DialTimeout("tcp", addr, startTimeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(startTimeout)); err != nil {
		return err
	}
	got := make([]byte, len(prefix))
	if _, err := io.ReadFull(conn, got); err != nil {
		return err
	}
	if string(got) != prefix {
		return fmt.Errorf("it greets with %q", got)
	}
	return nil
}

// launch starts a daemon on the given port of host, or on a free one for 0, and
// waits for its greeting. Another process may take a free port first: then the
// daemon ends, and the next port is tried.
func launch(t testing.TB, dir, host string, fixed int, prefix string, command func(port int) *exec.Cmd) (*Process, int) {
	t.Helper()
	var tried []int
	for len(tried) < 5 {
		port := fixed
		if port == 0 {
			port = FreePort(t, host)
		}
		p := start(t, dir, command(port))
		err := p.answers(net.JoinHostPort(host, fmt.Sprint(port)), prefix)
		if err == nil {
			return p, port
		}
		p.Kill()
		if fixed != 0 || !errors.Is(err, errExited) || !strings.Contains(strings.ToLower(p.tail()), "in use") {
			t.Fatalf("%s: %v; it printed:\n%s", p.cmd.Path, err, p.tail())
		}
		tried = append(tried, port)
	}
	slices.Sort(tried)
	t.Fatalf("the ports %v of %s were all taken", tried, host)
	return nil, 0
}

// listenHost is the address that a daemon listens on.
func listenHost(host string, ipv6 bool) string {
	switch {
	case host != "":
		return host
	case ipv6:
		return "::1"
	}
	return "127.0.0.1"
}
