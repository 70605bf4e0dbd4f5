package sshconn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"ftptunnel/testenv"

	"golang.org/x/crypto/ssh"
)

// balancer passes its first connection on to one address and those after it to
// another, as a name does that stands for several machines.
func balancer(t *testing.T, first, then string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for to := first; ; to = then {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			for _, p := range [][2]net.Conn{{near, far}, {far, near}} {
				wg.Go(func() {
					defer p[0].Close()
					defer p[1].Close()
					io.Copy(p[0], p[1])
				})
			}
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

// TestSpreadStaysOnOneHost: behind a name of several machines no channel goes to
// another one than those before: a server's data ports are on its own.
func TestSpreadStaysOnOneHost(t *testing.T) {
	jump, hop := embedded(t, testenv.SSHOptions{})
	one, _ := embedded(t, testenv.SSHOptions{})
	other, err := testenv.NewSSHServer(testenv.SSHOptions{Auth: testenv.SSHAuth{Keys: []ssh.PublicKey{one.ClientKey().PublicKey()}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	at := balancer(t, one.Addr(), other.Addr())
	cfg := configFor(t, one, at)
	cfg.Jumps = []*Config{hop}
	name := hostName(cfg.HostName, cfg.Port)
	both := knownHostLine(name, one.HostKey(), false) + "\n" + knownHostLine(name, other.HostKey(), false) + "\n"
	if err := os.WriteFile(cfg.UserKnownHosts[0], []byte(both), 0o600); err != nil {
		t.Fatal(err)
	}
	warned := make(chan Event, 100)
	c := NewClient(cfg, nil, func(e Event) {
		if e.Kind == Warning {
			warned <- e
		}
	})
	t.Cleanup(func() { c.Close() })
	dials(t, c, busyInner+1)
	waitFor(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.widening == 0
	})
	dials(t, c, 2*maxInner)
	if n := other.Counts().Direct; n != 0 {
		t.Errorf("%d channels on the other host", n)
	}
	select {
	case e := <-warned:
		if !strings.Contains(e.Err.Error(), "another host") {
			t.Errorf("it says %v", e.Err)
		}
	default:
		t.Error("nothing is said of it")
	}
	if n := jump.Counts().Logins; n != 1 {
		t.Errorf("%d logins at the jump host", n)
	}
}

// TestSpreadAfterKeysWereLearned: a better key of the host that was learned
// meanwhile does not make it another host.
func TestSpreadAfterKeysWereLearned(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	better, _, err := testenv.NewSSHKey("")
	if err != nil {
		t.Fatal(err)
	}
	_, _, cfg := behind(t, testenv.SSHOptions{HostKeys: []ssh.Signer{better, old}})
	cfg.UpdateHostKeys = "yes"
	known := knownHostLine(hostName(cfg.HostName, cfg.Port), old.PublicKey(), false) + "\n"
	if err := os.WriteFile(cfg.UserKnownHosts[0], []byte(known), 0o600); err != nil {
		t.Fatal(err)
	}
	c := client(t, cfg, nil)
	if err := c.Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		text, err := os.ReadFile(cfg.UserKnownHosts[0])
		return err == nil && strings.Contains(string(text), better.PublicKey().Type())
	})
	dials(t, c, busyInner+1)
	spreads(t, c)
}
