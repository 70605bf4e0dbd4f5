//go:build unix

package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// manager is what systemd is to a service: it hands sockets over and is told
// how the service is.
type manager struct {
	path string
	conn *net.UnixConn
}

func newManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{path: filepath.Join(t.TempDir(), "notify")}
	var err error
	if m.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.conn.Close() })
	return m
}

// await returns the next message that has the text in it.
func (m *manager) await(t *testing.T, text string) string {
	t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(testTimeout)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	var before []string
	for {
		n, err := m.conn.Read(buf)
		if err != nil {
			t.Fatalf("no %q after %q: %v", text, before, err)
		}
		if strings.Contains(string(buf[:n]), text) {
			return string(buf[:n])
		}
		before = append(before, string(buf[:n]))
	}
}

// service returns the program as systemd would run it. The variables name the
// process, and so a shell sets them and becomes it.
func (m *manager) service(t *testing.T, sockets []*os.File, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("ftptunnel")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`, path, "--batch"}, args...)...)
	c.Env = append(os.Environ(), "HOME="+t.TempDir(), "GORACE=atexit_sleep_ms=0",
		"NOTIFY_SOCKET="+m.path, "LISTEN_FDS="+strconv.Itoa(len(sockets)), "LISTEN_FDNAMES=x", "LISTEN_PID=")
	c.ExtraFiles = sockets
	c.WaitDelay = testTimeout
	return c
}

// socket returns a listener of systemd's, and its address.
func socket(t *testing.T) (*os.File, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, l.Addr().String()
}

// TestSystemdService: the program serves the listener that it is handed, and
// tells when it is ready, what becomes of the SSH connection and when it stops.
func TestSystemdService(t *testing.T) {
	s, m := newScene(t), newManager(t)
	s.tree.Put("abc", []byte("abc"))
	f, addr := socket(t)
	c := m.service(t, []*os.File{f}, s.args()...)
	var stderr strings.Builder
	c.Stderr = &stderr
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	first := m.await(t, "STATUS=")
	if first != "STATUS=connecting to 127.0.0.1" {
		t.Errorf("the first status is %q", first)
	}
	ready := "STATUS=ftp://" + addr + " is " + s.ftp.Addr()
	if got := m.await(t, "READY=1"); got != "READY=1\n"+ready {
		t.Errorf("it is ready with %q", got)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ftp://"+addr+"\n" {
		t.Errorf("it printed %q, %v", line, err)
	}
	get := func() {
		if got, err := download(addr, "PASV", "abc"); string(got) != "abc" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	get()
	s.ssh.Drop()
	m.await(t, "STATUS=the SSH connection to 127.0.0.1 was lost")
	get()
	m.await(t, ready)
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.await(t, "STOPPING=1")
	if err := c.Wait(); err != nil {
		t.Errorf("%v: %s", err, stderr.String())
	}
}

// TestSystemdCommand: what systemd says to the program reaches no command.
func TestSystemdCommand(t *testing.T) {
	s, m := newScene(t), newManager(t)
	f, addr := socket(t)
	c := m.service(t, []*os.File{f}, append(s.args(), "--", "sh", "-c", "echo {addr}; env")...)
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	m.await(t, "READY=1")
	if !strings.HasPrefix(string(out), addr+"\n") {
		t.Errorf("the listener is not %s: %s", addr, out)
	}
	if strings.Contains(string(out), "LISTEN_") || strings.Contains(string(out), "NOTIFY_SOCKET") {
		t.Errorf("the command has %s", out)
	}
}

// TestSystemdSocketRefused: what cannot be used is told, to systemd too.
func TestSystemdSocketRefused(t *testing.T) {
	s, m := newScene(t), newManager(t)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := m.service(t, []*os.File{f}, s.args()...)
	var stderr strings.Builder
	c.Stdout, c.Stderr = io.Discard, &stderr
	err = c.Run()
	if ended, ok := errors.AsType[*exec.ExitError](err); !ok || ended.ExitCode() != exitTunnel {
		t.Errorf("it ended with %v", err)
	}
	const text = "systemd hands over a socket (number 1) that is not a TCP listener"
	if got := stderr.String(); !strings.HasPrefix(got, "ftptunnel: "+text+"\nftptunnel: hint: ") {
		t.Errorf("it said %s", got)
	}
	m.await(t, "STATUS="+text)
}

// TestShareOut: one forward gets all listeners, several those on their ports.
func TestShareOut(t *testing.T) {
	var ls []net.Listener
	var ports []int
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ls = append(ls, l)
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	local := func(port int) forward { return forward{kind: localForward, port: port} }
	remote := forward{kind: remoteForward, port: ports[0]}
	for _, c := range []struct {
		name     string
		forwards []forward
		want     []int // how many each gets
		err      string
	}{
		{"one", []forward{local(2121)}, []int{3}, ""},
		{"one that is here", []forward{remote, {kind: proxyForward, port: 2121}}, []int{0, 3}, ""},
		{"by port", []forward{local(ports[2]), local(ports[0]), local(ports[1]), local(1)}, []int{1, 1, 1, 0}, ""},
		{"nobody's", []forward{local(ports[0]), local(ports[1])}, nil, "belongs to no forward"},
		{"none here", []forward{remote}, nil, "belongs to no forward"},
	} {
		got, err := shareOut(ls, c.forwards)
		if c.err != "" {
			if e, ok := errors.AsType[*handedError](err); !ok || !strings.Contains(e.text, c.err) || e.hint == "" {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		for i, want := range c.want {
			if len(got[i]) != want {
				t.Errorf("%s: forward %d gets %d, not %d", c.name, i, len(got[i]), want)
			}
		}
	}
	got, err := shareOut(ls, []forward{local(ports[2]), local(ports[0]), local(ports[1])})
	if err != nil || got[0][0] != ls[2] || got[1][0] != ls[0] || got[2][0] != ls[1] {
		t.Errorf("not by their ports: %v, %v", got, err)
	}
}
