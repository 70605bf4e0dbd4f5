//go:build unix

package sshconn

import (
	"context"
	"errors"
	"net"
	"testing"

	"ftptunnel/testenv/daemons"
)

// dropbear returns a client of a real Dropbear.
func dropbear(t *testing.T, options ...string) *Client {
	t.Helper()
	s := daemons.Dropbear(t, daemons.SSHOptions{Extra: options})
	config := daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: s})
	cfg, err := Resolve(context.Background(), "box", Options{ConfigFile: config})
	if err != nil {
		t.Fatal(err)
	}
	return client(t, cfg, nil)
}

// sshdClient returns a client of a real OpenSSH server.
func sshdClient(t *testing.T) *Client {
	t.Helper()
	s := daemons.SSHD(t, daemons.SSHOptions{})
	config := daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: s})
	cfg, err := Resolve(context.Background(), "box", Options{ConfigFile: config})
	if err != nil {
		t.Fatal(err)
	}
	return client(t, cfg, nil)
}

// A server grants a forward although another program listens at one of the two
// loopback addresses. It is not taken for granted.
func TestGrantedForwardThatAnotherProgramHas(t *testing.T) {
	for _, test := range []struct {
		name, other, ask string
		client           func(*testing.T) *Client
	}{
		{"Dropbear 127.0.0.1", "127.0.0.1", "127.0.0.1", func(t *testing.T) *Client { return dropbear(t) }},
		{"Dropbear localhost", "127.0.0.1", "localhost", func(t *testing.T) *Client { return dropbear(t) }},
		{"OpenSSH 127.0.0.1", "127.0.0.1", "127.0.0.1", sshdClient},
		{"OpenSSH localhost", "127.0.0.1", "localhost", sshdClient},
		{"OpenSSH localhost IPv6", "::1", "localhost", sshdClient},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // it waits
			other, err := net.Listen("tcp", net.JoinHostPort(test.other, "0"))
			if err != nil {
				t.Skipf("no %s here: %v", test.other, err)
			}
			defer other.Close()
			_, port, _ := net.SplitHostPort(other.Addr().String())
			l, err := test.client(t).Listen(short(t), "tcp", net.JoinHostPort(test.ask, port))
			var taken *ListenError
			if !errors.As(err, &taken) || taken.Policy {
				t.Fatalf("listening at port %s where another listens: %v, %v", port, l, err)
			}
		})
	}
}

// The port may be taken by a connection instead, at which nobody listens.
func TestGrantedForwardWhereNobodyListens(t *testing.T) {
	peer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	taken, err := net.Dial("tcp", peer.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.LocalAddr().String())
	l, err := sshdClient(t).Listen(short(t), "tcp", "localhost:"+port)
	var refused *ListenError
	if !errors.As(err, &refused) || refused.Policy {
		t.Fatalf("listening at port %s, which is a connection's: %v, %v", port, l, err)
	}
}

// listenAndDial connects to a new forward. Dropbear at times grants a port on
// which it listens at ::1 alone; where it does not connect for us that cannot
// be found out, and another port is taken.
func listenAndDial(t *testing.T, c *Client) (*Listener, net.Conn) {
	t.Helper()
	for range 20 {
		l := mustListen(t, c, "127.0.0.1:0")
		k, err := net.Dial("tcp", l.Addr().String())
		if err == nil {
			return l, k
		}
		l.Retire()
	}
	t.Fatal("Dropbear listens nowhere")
	return nil, nil
}

// A forward that is confirmed, or cannot be because Dropbear does not connect
// for us, works.
func TestDropbearForwards(t *testing.T) {
	for name, options := range map[string][]string{"both ways": nil, "remote only": {"-j"}} {
		t.Run(name, func(t *testing.T) {
			l, k := listenAndDial(t, dropbear(t, options...))
			defer l.Close()
			defer k.Close()
			in, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if got, want := in.RemoteAddr().String(), k.LocalAddr().String(); got != want {
				t.Errorf("from %s, not %s", got, want)
			}
			in.Close()
		})
	}
}
