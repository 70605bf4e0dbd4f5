//go:build unix

package sshconn

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ftptunnel/testenv"
)

// userMaster starts an OpenSSH master as a user would, and a configuration
// whose ControlPath leads to it.
func userMaster(t *testing.T, s *sshd) (*exec.Cmd, *Config) {
	t.Helper()
	sock := socketPlace(t)
	cmd := exec.Command(program(t, "ssh"), "-F", s.config, "-M", "-N", "-S", sock, "box")
	listening(t, cmd, sock)
	return cmd, s.resolve("box", func(o *Options) { o.Set = []string{"ControlPath=" + sock} })
}

func masterAlive(t *testing.T, cfg *Config) bool {
	return exec.Command(program(t, "ssh"), "-S", cfg.ControlPath, "-O", "check", "box").Run() == nil
}

func TestRidesLiveMaster(t *testing.T) {
	s := startSSHD(t, "")
	_, cfg := userMaster(t, s)
	c := client(t, cfg, nil)
	target := echoServer(t)
	for range 30 {
		conn, err := c.DialContext(short(t), "tcp", target)
		if err != nil {
			t.Fatal(err)
		}
		exchange(t, conn, 300_000)
		conn.Close()
	}
	var refused *ForwardError
	if _, err := c.DialContext(short(t), "tcp", "127.0.0.1:1"); !errors.As(err, &refused) {
		t.Errorf("nobody listens: %v", err)
	}
	for range 3 {
		l, err := c.Listen(short(t), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		out, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		in, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { io.Copy(in, in); in.Close(); close(done) }()
		exchange(t, out, 100_000)
		out.Close()
		<-done
		l.Close()
		waitFor(t, func() bool {
			k, err := net.Dial("tcp", l.Addr().String())
			if err == nil {
				k.Close()
			}
			return err != nil
		})
	}
	l, err := c.Listen(short(t), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if !masterAlive(t, cfg) {
		t.Error("the user's master is gone")
	}
	if k, err := net.Dial("tcp", l.Addr().String()); err == nil {
		k.Close()
		t.Error("the user's master still listens for us")
	}
}

func TestLostMasterIsNoEndOfFile(t *testing.T) {
	s := startSSHD(t, "")
	for range 5 {
		cmd, cfg := userMaster(t, s)
		c := client(t, cfg, nil)
		var wg sync.WaitGroup
		target := feeder(t)
		var ready sync.WaitGroup
		for range 4 {
			ready.Add(1)
			wg.Go(func() {
				conn, err := c.DialContext(short(t), "tcp", target)
				if err == nil {
					_, err = io.ReadFull(conn, make([]byte, 100))
				}
				ready.Done()
				if err == nil {
					_, err = io.Copy(io.Discard, conn)
				}
				var lost *LostError
				if !errors.As(err, &lost) {
					t.Errorf("got %v", err)
				}
			})
		}
		ready.Wait()
		cmd.Process.Kill()
		wg.Wait()
		c.Close()
	}
}

// Whoever gives up a dial that still waits must not take the master with him.
func TestMasterSurvivesAbandonedDial(t *testing.T) {
	s := startSSHD(t, "")
	_, cfg := userMaster(t, s)
	c := client(t, cfg, nil)
	address, release := filtered(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := c.DialContext(ctx, "tcp", address); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a filtered address: %v", err)
	}
	pending := make(chan error, 1)
	go func() {
		_, err := c.DialContext(context.Background(), "tcp", address)
		pending <- err
	}()
	waitFor(t, func() bool {
		out, _ := exec.Command("ssh", "-S", cfg.ControlPath, "-O", "check", "box").CombinedOutput()
		return strings.Contains(string(out), "Master running")
	})
	if _, err := c.DialContext(short(t), "tcp", echoServer(t)); err != nil {
		t.Error(err)
	}
	c.Close()
	if err := <-pending; err == nil {
		t.Error("a dial outlived its client")
	}
	release()
	if !masterAlive(t, cfg) {
		t.Error("the user's master is gone")
	}
}

func TestPrivateMaster(t *testing.T) {
	s := startSSHD(t, "")
	cfg := s.resolve("box", func(o *Options) { o.Engine = EngineOpenSSH })
	c := client(t, cfg, nil)
	conn, err := c.DialContext(short(t), "tcp", echoServer(t))
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, conn, 1<<20)
	l, err := c.Listen(short(t), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := c.live.(*master)
	c.Close()
	if _, err := os.Stat(m.path); err == nil {
		t.Error("the private master was left behind")
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the listener outlived the client")
	}
}

func TestPrivateMasterIsRefused(t *testing.T) {
	s := startSSHD(t, "")
	s.write("authorized_keys", "")
	cfg := s.resolve("box", func(o *Options) { o.Engine, o.Batch = EngineOpenSSH, true })
	err := client(t, cfg, nil).Connect(short(t))
	var refused *AuthError
	if !errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
	known := s.write("none", "")
	cfg = s.resolve("box", func(o *Options) {
		o.Engine, o.Batch, o.Set = EngineOpenSSH, true, []string{"StrictHostKeyChecking=yes", "UserKnownHostsFile=" + known}
	})
	err = client(t, cfg, nil).Connect(short(t))
	var key *HostKeyError
	if !errors.As(err, &key) {
		t.Errorf("got %v", err)
	}
}

// A master that has not answered in time is given up, and joined anew.
func TestMuteMasterIsGivenUp(t *testing.T) {
	_, cfg := userMaster(t, startSSHD(t, ""))
	c := client(t, cfg, nil)
	if err := c.Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	m := c.live.(*master)
	m.probe.Close()
	if m.check() == nil {
		t.Fatal("an answer came from nowhere")
	}
	waitFor(t, func() bool { return !m.alive() })
	conn, err := c.DialContext(short(t), "tcp", echoServer(t))
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, conn, 1000)
}

// fakeSSH resolves a destination whose ssh is a shell script.
func fakeSSH(t *testing.T, script string) *Config {
	t.Helper()
	_, cfg := embedded(t, testenv.SSHOptions{})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	cfg.Engine = EngineOpenSSH
	cfg.options.Env = func(name string) string {
		if name == "PATH" {
			return dir
		}
		return ""
	}
	return cfg
}

func TestPrivateMasterLeavesSomethingBehind(t *testing.T) {
	cfg := fakeSSH(t, "sleep 40 & echo boom >&2; exit 255\n")
	began := time.Now()
	err := client(t, cfg, nil).Connect(short(t))
	if _, ok := errors.AsType[*ConnectError](err); !ok {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("waited %v for what ssh left behind", took)
	}
}

// What would end ssh with us does not outlive it: its process id may be another
// program's by then.
func TestPrivateMasterLeavesNoLeash(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", masterScript, "false", filepath.Join(t.TempDir(), "pid"))
	leash, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer leash.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	state, err := cmd.Process.Wait() // and leaves the pipe open
	if err != nil || state.ExitCode() != 1 {
		t.Errorf("%v, %v", state, err)
	}
	waitFor(t, func() bool {
		_, err := io.WriteString(leash, "x")
		return errors.Is(err, syscall.EPIPE)
	})
}

// An ssh that does not mind being asked to end is not left behind.
func TestPrivateMasterThatMindsNothingIsKilled(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	cfg := fakeSSH(t, "trap '' TERM; echo $$ >'"+pid+"'; exec "+program(t, "sleep")+" 600\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	c := client(t, cfg, nil)
	go func() { done <- c.Connect(ctx) }()
	var id int
	waitFor(t, func() bool {
		text, _ := os.ReadFile(pid)
		id = atoi(strings.TrimSpace(string(text)))
		return id > 0 && strings.HasSuffix(string(text), "\n")
	})
	cancel()
	<-done
	waitFor(t, func() bool { return syscall.Kill(id, 0) != nil })
}

func TestPrivateMasterTellsWhyAHostKeyIsRefused(t *testing.T) {
	changed := `@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
The fingerprint for the ED25519 key sent by the remote host is
SHA256:AbCd/+0.
Add correct host key in /home/u/known hosts to get rid of this message.
Offending RSA key in /home/u/known hosts:12
`
	for _, c := range []struct {
		text, file string
		line       int
		kind       HostKeyKind
	}{
		{"No ED25519 host key is known for box and you have requested strict checking.\n", "", 0, Unknown},
		{changed, "/home/u/known hosts", 12, Changed},
		{"@       WARNING: REVOKED HOST KEY DETECTED!               @\n", "", 0, Revoked},
	} {
		cfg := fakeSSH(t, "echo '"+c.text+"Host key verification failed.' >&2; exit 255\n")
		err := client(t, cfg, nil).Connect(short(t))
		e, ok := errors.AsType[*HostKeyError](err)
		if !ok || e.Kind != c.kind || e.File != c.file || e.Line != c.line {
			t.Errorf("%s: got %#v", c.text, err)
		} else if text := e.Error(); strings.Contains(text, "  ") || strings.Contains(text, "()") {
			t.Errorf("worded with holes: %q", text)
		}
	}
}
