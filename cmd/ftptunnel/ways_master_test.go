//go:build unix

package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"
)

// TestMasters shows that a master of the user's outlives what happens to the
// program, and that a master of the program's own does not.
func TestMasters(t *testing.T) {
	w := newWays(t)
	t.Run("many data connections", func(t *testing.T) { manyDataConnections(t, w) })
	t.Run("killed in mid-transfer", func(t *testing.T) { killedMidTransfer(t, w) })
	t.Run("filtered host", func(t *testing.T) { filteredHost(t, w) })
	t.Run("private master", func(t *testing.T) { privateMaster(t, w) })
}

// launch runs the program in forward mode until it is killed or the test ends.
func (w *ways) launch(t *testing.T, args ...string) *tunnelProcess {
	t.Helper()
	p := launchProgram(t, w.path, append(append([]string{"--listen", "localhost:0", "-v"}, args...), "box", w.ftp.Addr)...)
	t.Cleanup(func() { p.kill(syscall.SIGKILL); p.log(t) })
	return p
}

// kill sends a signal and waits for the end. It may be called again.
func (p *tunnelProcess) kill(s syscall.Signal) {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Signal(s)
		<-p.rest
		_ = p.cmd.Wait()
	}
}

// active listens for a data connection and has the server told of it.
func (c *raw) active() net.Listener {
	c.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { l.Close() })
	_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(2 * rawTimeout))
	c.do("200", "PORT %s", hostPort(netip.MustParseAddrPort(l.Addr().String())))
	return l
}

// begin starts a download in either mode and returns its data connection.
func (c *raw) begin(passive bool, name string) net.Conn {
	c.t.Helper()
	var conn net.Conn
	var err error
	if passive {
		conn = c.data()
		c.say("RETR %s", name)
	} else {
		l := c.active()
		defer l.Close()
		c.say("RETR %s", name)
		if conn, err = l.Accept(); err != nil {
			c.t.Fatal(err)
		}
		c.t.Cleanup(func() { conn.Close() })
		_ = conn.SetDeadline(time.Now().Add(2 * rawTimeout))
	}
	c.hear("150", "125")
	return conn
}

// survives checks that a master is there, and still serves.
func (m *userMaster) survives(t *testing.T, w *ways) {
	t.Helper()
	if err := m.check(); err != nil {
		t.Fatalf("the user's master is gone: %v", err)
	}
	told(t, w.fetch(t, nil, "PASV", append(m.options(), "-v", "box")...), m.sock)
}

// descriptorsOf counts the open files of a process, 0 where that is not told.
func descriptorsOf(pid int) int {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(entries)
}

// The master holds no more after a thousand data connections, half of them in
// active mode, than before; one hundred unless the environment asks for more.
func manyDataConnections(t *testing.T, w *ways) {
	count := 100
	if s := os.Getenv("FTPTUNNEL_MASTER"); s != "" {
		var err error
		if count, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	config, _ := openConfig(t, "box")
	m := startMaster(t, config)
	p := w.launch(t, m.options()...)
	c := dialRaw(t, p.site(t, w.ftp))
	before := 0
	for i := range count {
		conn := c.begin(i%2 == 0, "/f")
		got, err := io.ReadAll(conn)
		conn.Close()
		if err != nil || !bytes.Equal(got, w.file) {
			t.Fatalf("transfer %d: %d bytes of %d: %v", i, len(got), len(w.file), err)
		}
		c.hear("226")
		if i == 9 {
			before = descriptorsOf(m.cmd.Process.Pid)
		}
	}
	after := descriptorsOf(m.cmd.Process.Pid)
	t.Logf("%d data connections; the master had %d open files after ten of them, and %d after all", count, before, after)
	if after > before+10 {
		t.Error("the master holds what has ended")
	}
	p.kill(syscall.SIGTERM)
	if status := p.cmd.ProcessState.ExitCode(); status != 0 {
		t.Errorf("after SIGTERM: status %d", status)
	}
	m.survives(t, w)
}

// killMidTransfer kills the program while a file is under way through it.
func (w *ways) killMidTransfer(t *testing.T, p *tunnelProcess, passive bool) {
	t.Helper()
	conn := dialRaw(t, p.site(t, w.ftp)).begin(passive, "/endless.bin")
	if _, err := io.CopyN(io.Discard, conn, 1<<20); err != nil {
		t.Fatal(err)
	}
	p.kill(syscall.SIGKILL)
}

func killedMidTransfer(t *testing.T, w *ways) {
	plantEndless(t, w.ftp.Root)
	config, _ := openConfig(t, "box")
	m := startMaster(t, config)
	for _, passive := range []bool{true, false} {
		w.killMidTransfer(t, w.launch(t, m.options()...), passive)
		m.survives(t, w)
	}
}

// slowPlace is what an SSH server is asked to connect to while it does not
// answer: as a host behind a firewall that drops.
type slowPlace struct {
	asked  chan struct{}
	answer chan bool // whether it answers at last
}

// dial reaches everything but what is not the server at addr.
func (s *slowPlace) dial(addr string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, to string) (net.Conn, error) {
		if to != addr {
			s.asked <- struct{}{}
			select {
			case yes := <-s.answer:
				if !yes {
					return nil, syscall.ETIMEDOUT
				}
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		var d net.Dialer
		return d.DialContext(ctx, network, to)
	}
}

// While the master waits for a host that does not answer, the program is
// killed, told to stop, or left by its client; the answer comes when nobody
// waits for it any more.
func filteredHost(t *testing.T, w *ways) {
	place := &slowPlace{asked: make(chan struct{}), answer: make(chan bool)}
	server, err := testenv.NewSSHServer(testenv.SSHOptions{DialContext: place.dial(w.ftp.Addr)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	m := startMaster(t, daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: described(t, server)}))
	for _, leave := range []struct {
		how string
		do  func(*tunnelProcess, *raw)
	}{
		{"killed", func(p *tunnelProcess, _ *raw) { p.kill(syscall.SIGKILL) }},
		{"stopped", func(p *tunnelProcess, _ *raw) {
			_ = p.cmd.Process.Signal(syscall.SIGTERM)
			until(t, "it stops", func() bool { return strings.Contains(p.stderr.String(), "once more stops at once") })
			p.kill(syscall.SIGTERM)
		}},
		{"left", func(_ *tunnelProcess, c *raw) { c.conn.Close() }},
	} {
		for _, answer := range []bool{true, false} {
			p := w.launch(t, m.options()...)
			c := dialRaw(t, p.site(t, w.ftp))
			c.say("PASV")
			<-place.asked
			leave.do(p, c)
			if err := m.check(); err != nil {
				t.Fatalf("%s while an open is pending: the user's master is gone: %v", leave.how, err)
			}
			place.answer <- answer
			var next sync.WaitGroup
			next.Go(func() { <-place.asked; place.answer <- true })
			m.survives(t, w)
			next.Wait()
		}
	}
}

// descendants lists the processes that a process has begun, and they in turn.
func descendants(t *testing.T, root int) []int {
	t.Helper()
	out, err := exec.Command(daemons.Find(t, "ps", "procps"), "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := []int{root}
	for range 4 { // the program, a shell, ssh, what ssh runs
		for line := range strings.Lines(string(out)) {
			var pid, parent int
			if n, _ := fmt.Sscan(line, &pid, &parent); n == 2 && slices.Contains(all, parent) && !slices.Contains(all, pid) {
				all = append(all, pid)
			}
		}
	}
	return all[1:]
}

// alive reports whether a process is there and more than a zombie.
func alive(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	var exit *exec.ExitError
	return !errors.As(err, &exit) && !strings.HasPrefix(string(out), "Z")
}

// The master of --engine openssh ends with the program, however that ends.
func privateMaster(t *testing.T, w *ways) {
	daemons.Find(t, "ssh", "openssh-client")
	plantEndless(t, w.ftp.Root)
	config, _ := openConfig(t, "box")
	for _, passive := range []bool{true, false} {
		p := w.launch(t, "--engine", "openssh", "-F", config)
		begun := descendants(t, p.cmd.Process.Pid)
		if len(begun) < 2 {
			t.Fatalf("the program runs %d processes", len(begun))
		}
		w.killMidTransfer(t, p, passive)
		since := time.Now()
		until(t, "ssh has ended", func() bool { return !slices.ContainsFunc(begun, alive) })
		t.Logf("%d processes ended in %v", len(begun), time.Since(since).Round(time.Millisecond))
	}
}
