package testenv

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func startSSH(t testing.TB, o SSHOptions) *SSHServer {
	t.Helper()
	s, err := NewSSHServer(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func login1(t testing.TB, s *SSHServer, methods ...ssh.AuthMethod) (*ssh.Client, error) {
	t.Helper()
	if methods == nil {
		methods = []ssh.AuthMethod{ssh.PublicKeys(s.ClientKey())}
	}
	c, err := ssh.Dial("tcp", s.Addr(), &ssh.ClientConfig{
		User: "someone", Auth: methods, HostKeyCallback: ssh.FixedHostKey(s.HostKey()), Timeout: 10 * time.Second,
	})
	if err == nil {
		t.Cleanup(func() { c.Close() })
	}
	return c, err
}

func mustLogin(t testing.TB, s *SSHServer, methods ...ssh.AuthMethod) *ssh.Client {
	t.Helper()
	c, err := login1(t, s, methods...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// echo serves one connection: it reads to the end, then sends it all back.
func echo(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all, _ := io.ReadAll(c)
			c.Write(all)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func TestDirectHalfClose(t *testing.T) {
	s := startSSH(t, SSHOptions{})
	c := mustLogin(t, s)
	conn, err := c.Dial("tcp", echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sent := make([]byte, 5<<20)
	rand.Read(sent)
	go func() {
		conn.Write(sent)
		conn.(interface{ CloseWrite() error }).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("got %d bytes of %d, %v", len(got), len(sent), err)
	}
}

func TestRefusals(t *testing.T) {
	s := startSSH(t, SSHOptions{})
	c := mustLogin(t, s)
	target := echo(t)
	reasonOf := func() ssh.RejectionReason {
		conn, err := c.Dial("tcp", target)
		if err == nil {
			conn.Close()
			return 0
		}
		var open *ssh.OpenChannelError
		if !errors.As(err, &open) {
			t.Fatal(err)
		}
		return open.Reason
	}
	if r := reasonOf(); r != 0 {
		t.Fatalf("permitted: %v", r)
	}
	s.RefuseDirect(true)
	if r := reasonOf(); r != ssh.Prohibited {
		t.Fatalf("refused: %v", r)
	}
	s.RefuseDirect(false)
	s.PermitOpen("127.0.0.1:1")
	if r := reasonOf(); r != ssh.Prohibited {
		t.Fatalf("not permitted: %v", r)
	}
	s.PermitOpen("127.0.0.1:*")
	if r := reasonOf(); r != 0 {
		t.Fatalf("permitted by pattern: %v", r)
	}
	s.RefuseForward(true)
	if l, err := c.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
		t.Fatal("forward was granted")
	}
	s.RefuseExec(true)
	if _, err := c.NewSession(); err == nil {
		t.Fatal("session was granted")
	}
}
