package testenv

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// forwarded asks for a remote forward by bare requests: x/crypto's Listen
// would hide what the server answers.
func forwarded(t *testing.T, c *ssh.Client, host string, port uint32) (uint32, bool) {
	t.Helper()
	ok, payload, err := c.SendRequest("tcpip-forward", true, ssh.Marshal(forwardMsg{host, port}))
	if err != nil {
		t.Fatal(err)
	}
	if len(payload) == 4 {
		var m struct{ Port uint32 }
		if err := ssh.Unmarshal(payload, &m); err != nil {
			t.Fatal(err)
		}
		port = m.Port
	}
	return port, ok
}

func cancelled(t *testing.T, c *ssh.Client, host string, port uint32) bool {
	t.Helper()
	ok, _, err := c.SendRequest("cancel-tcpip-forward", true, ssh.Marshal(forwardMsg{host, port}))
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestRemoteForward(t *testing.T) {
	s := startSSH(t, SSHOptions{})
	c := mustLogin(t, s)
	channels := c.HandleChannelOpen("forwarded-tcpip")
	port, ok := forwarded(t, c, "localhost", 0)
	if !ok || port == 0 {
		t.Fatalf("granted %d, %v", port, ok)
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		d, err := net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		io.WriteString(d, "from outside")
		closeWrite(d)
		offer := <-channels
		var m directMsg
		if err := ssh.Unmarshal(offer.ExtraData(), &m); err != nil {
			t.Fatal(err)
		}
		if _, origin, _ := net.SplitHostPort(d.LocalAddr().String()); m.Host != "localhost" || m.Port != port ||
			m.OriginHost != host || strconv.Itoa(int(m.OriginPort)) != origin {
			t.Errorf("offered %+v", m)
		}
		ch, requests, err := offer.Accept()
		if err != nil {
			t.Fatal(err)
		}
		go ssh.DiscardRequests(requests)
		got, _ := io.ReadAll(ch)
		io.WriteString(ch, "answer")
		ch.Close()
		answer, err := io.ReadAll(d)
		if string(got) != "from outside" || string(answer) != "answer" || err != nil {
			t.Errorf("got %q and %q, %v", got, answer, err)
		}
	}
	if cancelled(t, c, "localhost", port+1) || !cancelled(t, c, "localhost", port) || cancelled(t, c, "localhost", port) {
		t.Error("cancel")
	}
	if d, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port)))); err == nil {
		d.Close()
		t.Error("the port is still open after the cancel")
	}
}

// TestRejectedArrival is a client that does not want what arrives.
func TestRejectedArrival(t *testing.T) {
	s := startSSH(t, SSHOptions{})
	c := mustLogin(t, s)
	channels := c.HandleChannelOpen("forwarded-tcpip")
	port, _ := forwarded(t, c, "127.0.0.1", 0)
	d, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := (<-channels).Reject(ssh.Prohibited, "no"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the arrival sees %v", err)
	}
	if n := s.Counts(); n.Forwarded != 1 || n.ForwardedRefused != 1 {
		t.Errorf("counts %+v", n)
	}
}

// TestBindHosts is what OpenSSH 9.2 was seen to bind.
func TestBindHosts(t *testing.T) {
	both := []string{"127.0.0.1", "::1"}
	for _, c := range []struct {
		gateway, asked string
		want           []string
	}{
		{"", "127.0.0.1", both[:1]}, {"no", "::1", both[1:]}, {"", "localhost", both},
		{"", "", both}, {"", "0.0.0.0", both}, {"no", "10.9.9.1", both},
		{"yes", "127.0.0.1", []string{""}},
		{"clientspecified", "10.9.9.1", []string{"10.9.9.1"}}, {"clientspecified", "", []string{""}},
		{"clientspecified", "localhost", both}, {"clientspecified", "127.0.0.1", both[:1]},
	} {
		if got := bindHosts(c.gateway, c.asked); !slices.Equal(got, c.want) {
			t.Errorf("GatewayPorts %q, asked %q: %q", c.gateway, c.asked, got)
		}
	}
}

// TestEndsShowAsFIN holds the server to what sshd does: whatever ends an
// upload, the target sees a clean end of file, and not before every byte.
func TestEndsShowAsFIN(t *testing.T) {
	for name, end := range map[string]func(*SSHServer, *ssh.Client, net.Conn){
		"end of file": func(_ *SSHServer, _ *ssh.Client, c net.Conn) { closeWrite(c) },
		"close":       func(_ *SSHServer, _ *ssh.Client, c net.Conn) { c.Close() },
		"disconnect":  func(_ *SSHServer, c *ssh.Client, _ net.Conn) { c.Close() },
		"drop":        func(s *SSHServer, _ *ssh.Client, _ net.Conn) { s.Drop() },
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			s := startSSH(t, SSHOptions{})
			c := mustLogin(t, s)
			conn, err := c.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			target, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			conn.Write(make([]byte, 100_000))
			if _, err := io.ReadFull(target, make([]byte, 100_000)); err != nil {
				t.Fatal(err)
			}
			end(s, c, conn)
			if n, err := target.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("the target sees %d, %v", n, err)
			}
		})
	}
}

func TestTargetResetShowsAsEOF(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := mustLogin(t, startSSH(t, SSHOptions{}))
	conn, err := c.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	target, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	reset(target)
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the client sees %v", err)
	}
}

func TestFreezeDropSSH(t *testing.T) {
	s := startSSH(t, SSHOptions{})
	c := mustLogin(t, s)
	s.Freeze()
	alive := make(chan error, 1)
	go func() {
		_, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
		alive <- err
	}()
	select {
	case err := <-alive:
		t.Fatalf("frozen, but it answers: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	s.Thaw()
	if err := <-alive; err != nil {
		t.Fatal(err)
	}
	if n := s.Counts().Keepalives; n != 1 {
		t.Errorf("%d keepalives", n)
	}
	s.Freeze()
	s.Drop()
	if err := c.Wait(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after Drop: %v", err)
	}
	s.Thaw()
	mustLogin(t, s)
}

// TestCloseWhileFrozen must not wait for a Thaw.
func TestCloseWhileFrozen(t *testing.T) {
	s := startSSH(t, SSHOptions{})
	mustLogin(t, s)
	s.Freeze()
	s.Close()
}

func TestRekey(t *testing.T) {
	s := startSSH(t, SSHOptions{RekeyBytes: 1 << 20})
	var keys atomic.Int32
	c, err := ssh.Dial("tcp", s.Addr(), &ssh.ClientConfig{
		User: "someone", Auth: []ssh.AuthMethod{ssh.PublicKeys(s.ClientKey())},
		HostKeyCallback: func(string, net.Addr, ssh.PublicKey) error { keys.Add(1); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := s.Rekey(); err != nil {
		t.Fatal(err)
	}
	for keys.Load() < 2 { // each answer comes after what was sent before it
		if _, _, err := c.SendRequest("keepalive@openssh.com", true, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := startSSH(t, SSHOptions{}).Rekey(); err == nil {
		t.Error("rekeyed without a threshold")
	}
}

func TestHostKeyProof(t *testing.T) {
	one, _, _ := NewSSHKey("")
	two, _, err := NewSSHKey("")
	if err != nil {
		t.Fatal(err)
	}
	c := mustLogin(t, startSSH(t, SSHOptions{HostKeys: []ssh.Signer{one, two}}))
	blob := two.PublicKey().Marshal()
	ok, proof, err := c.SendRequest("hostkeys-prove-00@openssh.com", true, ssh.Marshal(struct{ Key []byte }{blob}))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	var m struct{ Sig []byte }
	var sig ssh.Signature
	if err := errors.Join(ssh.Unmarshal(proof, &m), ssh.Unmarshal(m.Sig, &sig)); err != nil {
		t.Fatal(err)
	}
	signed := ssh.Marshal(struct {
		Type         string
		Session, Key []byte
	}{"hostkeys-prove-00@openssh.com", c.SessionID(), blob})
	if err := two.PublicKey().Verify(signed, &sig); err != nil {
		t.Error(err)
	}
	if ok, _, _ := c.SendRequest("hostkeys-prove-00@openssh.com", true, ssh.Marshal(struct{ Key []byte }{[]byte("x")})); ok {
		t.Error("proved a key that it has not")
	}
}

// TestManyChannels moves much both ways through many channels at once, some
// of them never read, and then closes: nothing may hang or stay.
func TestManyChannels(t *testing.T) {
	s := startSSH(t, SSHOptions{})
	c := mustLogin(t, s)
	target := echo(t)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			conn, err := c.DialContext(context.Background(), "tcp", target)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			sent := make([]byte, 300_000+i)
			for k := range sent {
				sent[k] = byte(rand.Uint32())
			}
			wg.Go(func() { conn.Write(sent); closeWrite(conn) })
			if i%4 == 0 {
				return // abandoned
			}
			if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("got %d bytes of %d, %v", len(got), len(sent), err)
			}
		})
	}
	wg.Wait()
}

// A forward asked for as the connection ends is refused, and opens nothing.
func TestForwardAtTheEnd(t *testing.T) {
	p := newPeer(&SSHServer{}, nil, nil)
	p.sub.closeAll()
	if f, err := p.listen(forwardMsg{Host: "127.0.0.1"}); f != nil || err == nil {
		t.Errorf("%+v, %v", f, err)
	}
}
