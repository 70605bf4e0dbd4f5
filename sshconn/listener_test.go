package sshconn

import (
	"errors"
	"io"
	"net"
	"strconv"
	"testing"

	"ftptunnel/testenv"
)

func mustListen(t *testing.T, c *Client, address string) *Listener {
	t.Helper()
	l, err := c.Listen(short(t), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return l.(*Listener)
}

// refused tells whether the server turns a connection to a forward away.
func refused(t *testing.T, address string) bool {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		return true
	}
	defer c.Close()
	_, err = c.Read(make([]byte, 1))
	return err != nil
}

// Connections that nobody accepts, and listeners that are closed meanwhile,
// must stop neither other listeners nor the connection (golang/go#77035).
func TestUnacceptedConnectionsBlockNothing(t *testing.T) {
	_, cfg := embedded(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	l := mustListen(t, c, "127.0.0.1:0")
	var waiting []net.Conn
	for range 3 * queueLength {
		k, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		waiting = append(waiting, k)
	}
	rejected := 0
	other := mustListen(t, c, "127.0.0.1:0")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, k := range waiting {
		if _, err := k.Read(make([]byte, 1)); err != nil {
			rejected++
		}
	}
	if rejected != len(waiting) {
		t.Errorf("%d of %d were rejected", rejected, len(waiting))
	}
	k, err := net.Dial("tcp", other.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	in, err := other.Accept()
	if err != nil {
		t.Fatal(err)
	}
	go func() { io.Copy(in, in); in.Close() }()
	exchange(t, k, 100_000)
}

func TestForwardsAreReusedInOrder(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	a, b := mustListen(t, c, "127.0.0.1:0"), mustListen(t, c, "127.0.0.1:0")
	first, second := a.Addr().String(), b.Addr().String()
	a.Close()
	b.Close()
	if !refused(t, first) {
		t.Error("an idle forward took a connection")
	}
	if got := mustListen(t, c, "127.0.0.1:0").Addr().String(); got != first {
		t.Errorf("got %s, want %s", got, first)
	}
	if got := mustListen(t, c, "127.0.0.1:0").Addr().String(); got != second {
		t.Errorf("got %s, want %s", got, second)
	}
	if n := s.Counts().Forward; n != 2 {
		t.Errorf("%d forwards asked for", n)
	}
	if err := a.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second close: %v", err)
	}
	if _, err := a.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after close: %v", err)
	}
}

func TestRetiredPortIsNotReused(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	l := mustListen(t, c, "127.0.0.1:0")
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Retire(); err != nil {
		t.Fatal(err)
	}
	if err := s.Await(short(t), func(n testenv.SSHCounts) bool { return n.Cancelled == 1 }); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if got := mustListen(t, c, "127.0.0.1:0").Addr().(*net.TCPAddr).Port; got == port {
			t.Fatal("a retired port came back")
		}
	}
}

func TestListenerEndsWithConnection(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	l := mustListen(t, c, "127.0.0.1:0")
	ended := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	s.Drop()
	var lost *LostError
	if err := <-ended; !errors.As(err, &lost) {
		t.Errorf("got %v", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	mustListen(t, c, "127.0.0.1:0")
}

// Who asks for a port by its number gets it again after it was retired.
func TestRetiredPortIsAskedForAgain(t *testing.T) {
	_, cfg := embedded(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort(t)))
	l, err := c.Listen(short(t), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	l.(*Listener).Retire()
	waitFor(t, func() bool {
		l, err = c.Listen(short(t), "tcp", address)
		return err == nil
	})
	l.Close()
}
