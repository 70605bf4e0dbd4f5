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

// Dropbear grants a forward although another program listens at the address,
// as long as ::1 is free. It is not taken for granted.
func TestDropbearGrantsWhatItDoesNotHave(t *testing.T) {
	c := dropbear(t)
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	l, err := c.Listen(short(t), "tcp", other.Addr().String())
	var taken *ListenError
	if !errors.As(err, &taken) || taken.Policy {
		t.Fatalf("listening at %v where another listens: %v, %v", other.Addr(), l, err)
	}
}

// A forward that is confirmed, or cannot be because Dropbear does not connect
// for us, works.
func TestDropbearForwards(t *testing.T) {
	for name, options := range map[string][]string{"both ways": nil, "remote only": {"-j"}} {
		t.Run(name, func(t *testing.T) {
			l := mustListen(t, dropbear(t, options...), "127.0.0.1:0")
			defer l.Close()
			k, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
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
