//go:build unix

package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"
)

// TestLaptop shows that a program whose machine slept serves its next client
// over a new connection, without anybody's doing.
func TestLaptop(t *testing.T) {
	w := newWays(t)
	t.Run("network away", func(t *testing.T) { t.Parallel(); networkAway(t, w) })
	t.Run("forgotten", func(t *testing.T) { t.Parallel(); forgotten(t, w) })
	t.Run("asleep", func(t *testing.T) { t.Parallel(); asleep(t, w) })
}

// travelling is a program whose SSH connection goes over a line.
type travelling struct {
	*tunnelProcess
	w    *ways
	sshd *daemons.SSHServer
	line *testenv.DelayLine
}

// travel starts the program with a keepalive that gives up after some three
// seconds of silence.
func travel(t *testing.T, w *ways) travelling {
	t.Helper()
	s := daemons.SSHD(t, daemons.SSHOptions{})
	line, err := testenv.NewDelayLine(s.Addr, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { line.Close() })
	config := daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: s,
		Extra: []string{fmt.Sprint("Port ", line.Port()), fmt.Sprintf("HostKeyAlias [%s]:%d", s.Host, s.Port)}})
	p := w.launch(t, "-F", config, "-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2")
	return travelling{p, w, s, line}
}

// serves has curl fetch the file as a client of its own, once and without
// retries.
func (p travelling) serves(t *testing.T, connection int) {
	t.Helper()
	for _, mode := range []string{"PASV", "PORT"} {
		o := p.w.run(t, nil, p.w.curl, append([]string{"-q", "-sS", "ftp://" + p.addr.Host + "/f"}, curlModes[mode]...)...)
		if o.status != 0 || !bytes.Equal(o.stdout, p.w.file) {
			t.Fatalf("%s: status %d, %d bytes of %d: %s", mode, o.status, len(o.stdout), len(p.w.file), o.stderr)
		}
	}
	if n := strings.Count(p.stderr.String(), "connected to box"); n != connection {
		t.Errorf("it connected %d times, not %d", n, connection)
	}
}

// lost waits until the program has told that its connection is lost.
func (p travelling) lost(t *testing.T) {
	t.Helper()
	until(t, "the connection is missed", func() bool {
		return strings.Contains(p.stderr.String(), "the SSH connection to box was lost")
	})
}

// The line carries nothing for longer than the keepalive waits, then carries on.
func networkAway(t *testing.T, w *ways) {
	p := travel(t, w)
	p.serves(t, 1)
	p.line.Stall()
	p.lost(t)
	p.line.Resume()
	p.serves(t, 2)
}

// What serves the connection answers no more, as behind a router that has
// forgotten it, and new connections are served. The client comes before the
// program can know that, and is served all the same.
func forgotten(t *testing.T, w *ways) {
	p := travel(t, w)
	p.serves(t, 1)
	for _, pid := range descendants(t, p.sshd.Pid()) {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil && !errors.Is(err, syscall.ESRCH) { // some end by themselves
			t.Fatal(err)
		}
	}
	p.serves(t, 2)
}

// The program itself stands still, and its connection is gone when it wakes.
func asleep(t *testing.T, w *ways) {
	p := travel(t, w)
	p.serves(t, 1)
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.line.Cut()
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	p.serves(t, 2)
}
