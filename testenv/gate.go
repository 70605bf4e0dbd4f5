package testenv

import (
	"net"
	"sync"
)

// gate holds whoever passes it back while it is shut.
type gate struct {
	mu   sync.Mutex
	shut chan struct{} // nil when open; closed by open(); guarded by mu
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut == nil {
		g.shut = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut != nil {
		close(g.shut)
		g.shut = nil
	}
}

// pass returns when the gate is open, or false when done was closed first.
func (g *gate) pass(done <-chan struct{}) bool {
	for {
		g.mu.Lock()
		shut := g.shut
		g.mu.Unlock()
		if shut == nil {
			return true
		}
		select {
		case <-shut:
		case <-done:
			return false
		}
	}
}

// gatedConn is a TCP connection whose owner stands still while the gate is
// shut: nothing is read, nothing is written, nothing is closed.
type gatedConn struct {
	*net.TCPConn
	gate *gate
	done chan struct{}
	once sync.Once
}

func newGatedConn(c *net.TCPConn, g *gate) *gatedConn {
	return &gatedConn{TCPConn: c, gate: g, done: make(chan struct{})}
}

// Read implements net.Conn. What arrived while the gate was shut is delivered
// when it opens.
func (c *gatedConn) Read(p []byte) (int, error) {
	if !c.gate.pass(c.done) {
		return 0, net.ErrClosed
	}
	n, err := c.TCPConn.Read(p)
	if !c.gate.pass(c.done) {
		return 0, net.ErrClosed
	}
	return n, err
}

// Write implements net.Conn.
func (c *gatedConn) Write(p []byte) (int, error) {
	if !c.gate.pass(c.done) {
		return 0, net.ErrClosed
	}
	return c.TCPConn.Write(p)
}

// Close implements net.Conn. It also releases whoever waits at the gate.
func (c *gatedConn) Close() error {
	c.once.Do(func() { close(c.done) })
	return c.TCPConn.Close()
}
