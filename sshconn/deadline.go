package sshconn

import (
	"sync"
	"time"
)

// deadline bounds a handshake: when its time is up it calls fire. A server that
// accepts a connection and then says nothing would hang x/crypto for ever, and
// a connection within another one has no deadlines of its own.
type deadline struct {
	mu    sync.Mutex // guards the rest
	timer *time.Timer
	left  time.Duration
	since time.Time
	held  int
	fired bool
	over  bool
}

// startDeadline starts the clock.
func startDeadline(d time.Duration, fire func()) *deadline {
	c := &deadline{left: d, since: time.Now()}
	c.timer = time.AfterFunc(d, func() {
		c.mu.Lock()
		c.fired = true
		c.mu.Unlock()
		fire()
	})
	return c
}

// pause stops the clock while the user is asked; pauses nest.
func (c *deadline) pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held++; c.held == 1 && c.timer.Stop() {
		c.left -= time.Since(c.since)
	}
}

// resume lets it run on.
func (c *deadline) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held--; c.held == 0 && !c.fired && !c.over {
		c.since = time.Now()
		c.timer.Reset(max(c.left, time.Second))
	}
}

// stop ends it; expired reports whether it has fired.
func (c *deadline) stop() (expired bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.timer.Stop()
	return c.fired
}
