package sshconn

import (
	"sync"
	"testing"
	"time"

	"ftptunnel/testenv"
)

// behind makes a destination that is reached through a jump host.
func behind(t *testing.T, o testenv.SSHOptions) (jump, dest *testenv.SSHServer, cfg *Config) {
	t.Helper()
	jump, hop := embedded(t, testenv.SSHOptions{})
	dest, cfg = embedded(t, o)
	cfg.Jumps = []*Config{hop}
	return jump, dest, cfg
}

func TestBusyClientSpreadsBehindJump(t *testing.T) {
	jump, dest, cfg := behind(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	target := echoServer(t)
	var conns []*Conn
	dial := func() *Conn {
		k, err := c.DialContext(short(t), "tcp", target)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, k.(*Conn))
		return k.(*Conn)
	}
	for range busyInner {
		dial()
	}
	if n := dest.Counts().Logins; n != 1 {
		t.Fatalf("%d logins before it was busy", n)
	}
	dial()
	spreads(t, c)
	used := map[*connection]int{}
	for range 12 {
		used[dial().c]++
	}
	if len(used) != maxInner {
		t.Errorf("%d connections are used, of %d", len(used), maxInner)
	}
	for conn := range used {
		if hop := conn.tr.Conn.(*Conn); hop.rx.budget != hopWindows {
			t.Error("the window of a hop counts as a transfer's")
		}
	}
	var wg sync.WaitGroup
	for range maxInner { // at once: each is to count before it is open
		wg.Go(func() {
			if k, err := c.DialContext(short(t), "tcp", target); err != nil {
				t.Error(err)
			} else {
				defer k.Close()
				exchange(t, k.(*Conn), 100_000)
			}
		})
	}
	wg.Wait()
	for _, k := range conns {
		wg.Go(func() { exchange(t, k, 100_000); k.Close() })
	}
	wg.Wait()
	if n := jump.Counts().Logins; n != 1 {
		t.Errorf("%d logins at the jump host", n)
	}
	dest.Drop()
	if _, err := reconnect(t, c); err != nil {
		t.Error(err)
	}
}

// dials opens n channels, which stay.
func dials(t *testing.T, c *Client, n int) {
	t.Helper()
	target := echoServer(t)
	for range n {
		if _, err := c.DialContext(short(t), "tcp", target); err != nil {
			t.Fatal(err)
		}
	}
}

// spreads waits until there are as many connections as there may be.
func spreads(t *testing.T, c *Client) {
	t.Helper()
	waitFor(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.inner) == maxInner-1
	})
}

// TestSpreadCountsAtOnce: channels that are opened together do not all choose
// the connection that is the least busy before any of them is open.
func TestSpreadCountsAtOnce(t *testing.T) {
	c := &Client{}
	live := &connection{via: &connection{}, done: make(chan struct{}), tr: &transport{}}
	c.narrow = true // no more of them
	for range maxInner - 1 {
		c.inner = append(c.inner, &connection{done: make(chan struct{}), tr: &transport{}})
	}
	used := map[*connection]bool{}
	for range maxInner {
		used[c.spread(live)] = true
	}
	if len(used) != maxInner {
		t.Errorf("%d connections were chosen for %d channels, there are %d", len(used), maxInner, maxInner)
	}
}

func TestOneConnectionWhereTheLoginAsks(t *testing.T) {
	_, dest, cfg := behind(t, testenv.SSHOptions{Auth: testenv.SSHAuth{Password: "pw", OnlyKeys: true}})
	cfg.KbdInteractive = false
	warned := make(chan Event, 100)
	c := NewClient(cfg, &script{answers: []string{"pw"}}, func(e Event) { warned <- e })
	t.Cleanup(func() { c.Close() })
	dials(t, c, 2*busyInner)
	for e := range warned {
		if e.Kind == Warning {
			break
		}
	}
	if n := dest.Counts().Logins; n != 1 {
		t.Errorf("%d logins", n)
	}
}

// What kept a lost connection alone need not keep the next one.
func TestSpreadsAgainAfterReconnect(t *testing.T) {
	_, dest, cfg := behind(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	if err := c.Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	c.narrow = true
	c.mu.Unlock()
	dest.Drop()
	waitFor(t, func() bool { return !c.live.alive() })
	dials(t, c, busyInner+1)
	spreads(t, c)
}

func TestSleepIsNoticed(t *testing.T) {
	for _, c := range []struct {
		wall, running time.Duration
		want          bool
	}{
		{15 * time.Second, 15 * time.Second, false},
		{time.Hour, 15 * time.Second, true},
		{-time.Hour, 15 * time.Second, false},
		{20 * time.Second, 15 * time.Second, false},
	} {
		if got := slept(c.wall, c.running); got != c.want {
			t.Errorf("%v against %v: %v", c.wall, c.running, got)
		}
	}
}

// What could not be made beside a connection that is lost by now says nothing
// of the next one.
func TestLostConnectionIsNotNarrow(t *testing.T) {
	jump, dest, cfg := behind(t, testenv.SSHOptions{})
	events := make(chan Event, 1000)
	c := NewClient(cfg, nil, func(e Event) { events <- e })
	dials(t, c, busyInner)
	dest.Freeze()
	c.mu.Lock()
	live := c.live.(*native)
	c.mu.Unlock()
	live.client.spread(live.conn)
	jump.Drop()
	waitFor(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.widening == 0
	})
	dest.Thaw()
	c.Close()
	for close(events); ; {
		e, more := <-events
		if !more {
			return
		}
		if e.Kind == Warning {
			t.Errorf("%s: %v", e.Text, e.Err)
		}
	}
}
