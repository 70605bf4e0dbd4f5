package sshconn

import (
	"errors"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"
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
	ahead(c, restForward)
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

// ahead puts the clock of a client's forwards forward.
func ahead(c *Client, d time.Duration) {
	f := c.live.(*native).conn.fwd
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = func() time.Time { return time.Now().Add(d) }
}

// A server may still connect to a forward that it was told of and did not use:
// the next listener must not get that connection. One that was used is free.
func TestUnusedForwardRests(t *testing.T) {
	_, cfg := embedded(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	unused := mustListen(t, c, "127.0.0.1:0")
	unused.Close()
	used := mustListen(t, c, "127.0.0.1:0")
	if used.Addr().String() == unused.Addr().String() {
		t.Fatal("a forward that may still be used was handed out")
	}
	k, err := net.Dial("tcp", used.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if _, err := used.Accept(); err != nil {
		t.Fatal(err)
	}
	used.Close()
	if got := mustListen(t, c, "127.0.0.1:0").Addr().String(); got != used.Addr().String() {
		t.Errorf("got %s, want %s", got, used.Addr())
	}
	ahead(c, restForward)
	if got := mustListen(t, c, "127.0.0.1:0").Addr().String(); got != unused.Addr().String() {
		t.Errorf("after its rest got %s, want %s", got, unused.Addr())
	}
}

// unlocked is a channel that wants the forwards unlocked when it is rejected:
// that writes to the network, which may stand still.
type unlocked struct {
	ssh.NewChannel
	f        *forwards
	rejected bool
}

func (u *unlocked) ExtraData() []byte { return ssh.Marshal(&forwardedMsg{Host: "127.0.0.1", Port: 1}) }

func (u *unlocked) Reject(ssh.RejectionReason, string) error {
	if u.rejected = u.f.mu.TryLock(); u.rejected {
		u.f.mu.Unlock()
	}
	return nil
}

func TestRejectsWithoutTheLock(t *testing.T) {
	f := newForwards(nil)
	u := &unlocked{f: f}
	if f.dispatch(u); !u.rejected {
		t.Error("rejected while the forwards are locked, or not at all")
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
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(daemons.FreePort(t, "127.0.0.1")))
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
