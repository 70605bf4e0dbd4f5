//go:build unix

package daemons

import (
	"fmt"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Every SSH server lets its key in, under its own host key, over IPv4 and IPv6.
func TestSSHServersLogIn(t *testing.T) {
	ssh := Find(t, "ssh", "openssh-client")
	for _, server := range SSHServers {
		for _, ipv6 := range []bool{false, true} {
			t.Run(server.Name+" "+listenHost("", ipv6), func(t *testing.T) {
				t.Parallel()
				s := server.Start(t, SSHOptions{IPv6: ipv6, HostKeys: []string{"ed25519", "ecdsa", "rsa"}})
				config := SSHConfig(t, Alias{Name: "box", Server: s})
				cmd := exec.Command(ssh, "-F", config, "-o", "BatchMode=yes", "box", "echo hello")
				var said strings.Builder // what the account's shell has to say, too
				cmd.Stderr = &said
				out, err := cmd.Output()
				if err != nil || string(out) != "hello\n" {
					t.Fatalf("ssh: %v: %q: %s", err, out, &said)
				}
				if len(s.HostKeys) != 3 {
					t.Errorf("%d host keys are known, 3 were asked for", len(s.HostKeys))
				}
			})
		}
	}
}

// A daemon ends with its test, and so does each process that serves a
// connection, although it has left the daemon's process group.
func TestDaemonEndsWithItsConnections(t *testing.T) {
	var forked []int
	var daemon *Process
	t.Run("served", func(t *testing.T) {
		s := VSFTPD(t, FTPOptions{})
		greeted(t, s.Addr)
		daemon, forked = s.Process, descendants(s.Pid())
		if len(forked) == 0 {
			t.Fatal("the daemon serves a connection and has no child")
		}
	})
	if daemon == nil {
		t.SkipNow()
	}
	select {
	case <-daemon.done:
	default:
		t.Error("the daemon still runs")
	}
	for _, pid := range forked {
		if running(pid) {
			t.Errorf("process %d still runs", pid)
		}
	}
}

// Cut ends the connections that are open and nothing else.
func TestCut(t *testing.T) {
	s := VSFTPD(t, FTPOptions{})
	conn := greeted(t, s.Addr)
	s.Cut()
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("after Cut the connection gave %d bytes", n)
	}
	greeted(t, s.Addr)
}

// Sessions of pyftpdlib over IPv6 that are asked for addresses while others read
// folders get one each. In 1.5.7 as it comes one session in a hundred ended here:
// see pyftpdlib.py.
func TestPyftpdlibManySessions(t *testing.T) {
	s := Pyftpdlib(t, FTPOptions{IPv6: true})
	if err := os.WriteFile(filepath.Join(s.Root, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	const sessions, rounds = 8, 100
	ended := make(chan error)
	for range sessions {
		go func() { ended <- askForAddresses(s, rounds) }()
	}
	for range sessions {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// askForAddresses asks for an address and for a listing on the control
// connection, again and again.
func askForAddresses(s *FTPServer, rounds int) error {
	c, err := textproto.Dial("tcp", s.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, _, err := c.ReadResponse(220); err != nil {
		return err
	}
	type step struct {
		line string
		code int
	}
	steps := []step{{"USER " + s.User, 331}, {"PASS " + s.Password, 230}}
	for range rounds {
		steps = append(steps, step{"EPSV", 229}, step{"STAT /", 213})
	}
	for i, step := range steps {
		if err := c.PrintfLine("%s", step.line); err != nil {
			return err
		}
		if _, _, err := c.ReadResponse(step.code); err != nil {
			return fmt.Errorf("command %d, %s: %w", i, step.line, err)
		}
	}
	return nil
}

// A missing program skips the test by name, or fails it if everything has to
// be there.
func TestMissing(t *testing.T) {
	for real, want := range map[string]string{"": "skipped", "1": "failed"} {
		t.Setenv("FTPTUNNEL_REAL", real)
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			Find(r, "no-such-program", "no-such-package")
		}()
		<-done
		if r.outcome != want || !strings.Contains(r.text, "no-such-program") || !strings.Contains(r.text, "no-such-package") {
			t.Errorf("FTPTUNNEL_REAL=%q: %s, %q", real, r.outcome, r.text)
		}
	}
}

// greeted connects and reads the first bytes of the greeting.
func greeted(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	text := make([]byte, 256)
	n, err := conn.Read(text)
	if err != nil || !strings.HasPrefix(string(text[:n]), "220") {
		t.Fatalf("greeting %q: %v", text[:n], err)
	}
	return conn
}

// recorder is a test whose end is written down instead.
type recorder struct {
	testing.TB
	outcome, text string
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	r.outcome, r.text = "skipped", fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.outcome, r.text = "failed", fmt.Sprintf(format, args...)
	runtime.Goexit()
}
