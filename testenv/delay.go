package testenv

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// DelayLine is a TCP proxy that makes a link long: whatever goes through it,
// an end of file and a reset too, arrives a fixed time later, each way. It
// delays bytes, not handshakes. The latency costs no throughput as long as no
// more than 64 MiB are on their way in one direction of a connection.
type DelayLine struct {
	target   string
	delay    time.Duration
	rate     int64
	listener net.Listener
	gate     gate
	conns    conns
	wg       sync.WaitGroup
	done     chan struct{}
	once     sync.Once
}

// NewDelayLine starts a line on a loopback port. It leads to target,
// host:port, with the given latency each way and, if rate is above 0, at most
// so many bytes a second each way and connection.
func NewDelayLine(target string, delay time.Duration, rate int64) (*DelayLine, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("delay line: %w", err)
	}
	d := &DelayLine{target: target, delay: delay, rate: rate, listener: l, done: make(chan struct{})}
	d.conns.add(l)
	d.wg.Go(d.serve)
	return d, nil
}

// Addr is where the line begins, host:port.
func (d *DelayLine) Addr() string { return d.listener.Addr().String() }

// Port is the TCP port of Addr.
func (d *DelayLine) Port() int { return d.listener.Addr().(*net.TCPAddr).Port }

// Stall stops all traffic and keeps every connection open: a link without
// route, or a laptop that sleeps.
func (d *DelayLine) Stall() { d.gate.close() }

// Resume ends a Stall. What was on its way arrives.
func (d *DelayLine) Resume() { d.gate.open() }

// Cut resets every connection, both ends at once. New ones are served.
func (d *DelayLine) Cut() { d.conns.resetAll() }

// Close ends the line and every connection through it.
func (d *DelayLine) Close() error {
	d.once.Do(func() { close(d.done) })
	d.conns.closeAll()
	d.wg.Wait()
	return nil
}

func (d *DelayLine) serve() {
	for {
		near, err := d.listener.Accept()
		if err != nil {
			return
		}
		if d.conns.add(near) {
			d.wg.Go(func() { d.serveConn(near) })
		}
	}
}

func (d *DelayLine) serveConn(near net.Conn) {
	defer d.conns.remove(near)
	far, err := net.DialTimeout("tcp", d.target, dialTimeout)
	if err != nil {
		reset(near)
		return
	}
	if !d.conns.add(far) {
		return
	}
	defer d.conns.remove(far)
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		q := newTransit(d)
		both.Go(func() { q.fill(way[0]) })
		both.Go(func() { q.drain(way[1], way[0]) })
	}
	both.Wait()
}
