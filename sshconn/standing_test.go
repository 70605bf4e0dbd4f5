package sshconn

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"ftptunnel/testenv"
)

// standing listens on a loopback port of the server and accepts for as long as
// it can; every connection is told hello. What ended that is sent.
func standing(t *testing.T, c *Client) (*Standing, <-chan error) {
	t.Helper()
	l, err := c.ListenStanding(short(t), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		for {
			k, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			io.WriteString(k, "hello")
			k.Close()
		}
	}()
	return l, ended
}

// greeted waits until who connects to the address is told hello.
func greeted(t *testing.T, address string) {
	t.Helper()
	waitFor(t, func() bool {
		k, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		defer k.Close()
		b, _ := io.ReadAll(k)
		return string(b) == "hello"
	})
}

// A standing listener comes back by itself, on the same port.
func TestStandingComesBack(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	c.steady = 0 // as if each connection had lasted
	l, ended := standing(t, c)
	for range 3 {
		greeted(t, l.Addr().String())
		s.Drop()
	}
	greeted(t, l.Addr().String())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	waitFor(t, func() bool {
		k, err := net.Dial("tcp", l.Addr().String())
		if err == nil {
			k.Close()
		}
		return err != nil
	})
}

// While the server refuses the forward, as one does that has not missed the
// old connection yet, it is asked again.
func TestStandingTriesOn(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	warned := make(chan Event, 10)
	c := NewClient(cfg, nil, func(e Event) {
		if e.Kind == Warning {
			warned <- e
		}
	})
	t.Cleanup(func() { c.Close() })
	l, ended := standing(t, c)
	greeted(t, l.Addr().String())
	s.RefuseForward(true)
	s.Drop()
	<-warned
	s.RefuseForward(false)
	greeted(t, l.Addr().String())
	c.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the client's Close: %v", err)
	}
}

// Where nobody is let in any more there is no coming back, and a listener that
// is closed meanwhile waits for nothing.
func TestStandingEnds(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	_, ended := standing(t, client(t, cfg, nil))
	s.SetAuth(testenv.SSHAuth{OnlyKeys: true})
	s.Drop()
	var auth *AuthError
	if err := <-ended; !errors.As(err, &auth) {
		t.Errorf("locked out: %v", err)
	}

	s, cfg = embedded(t, testenv.SSHOptions{})
	l, ended := standing(t, client(t, cfg, nil))
	s.Close()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("server gone: %v", err)
	}
}

// The address is told as it was asked for, with the port that was granted.
func TestStandingAddr(t *testing.T) {
	_, cfg := embedded(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	for _, host := range []string{"127.0.0.1", "localhost", ""} {
		l, err := c.ListenStanding(context.Background(), "tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		got, port, err := net.SplitHostPort(l.Addr().String())
		want := host
		if host == "localhost" {
			want = "127.0.0.1"
		}
		if err != nil || got != want || port == "0" {
			t.Errorf("%q: %v, %v", host, l.Addr(), err)
		}
		if _, ok := l.Addr().(*net.TCPAddr); ok != (host != "") {
			t.Errorf("%q: address of type %T", host, l.Addr())
		}
	}
}
