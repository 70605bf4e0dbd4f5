//go:build unix

package sshconn

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// master is a live OpenSSH master that is ridden as a passenger: every
// connection is a stdio forward (ssh -W) through its control socket, every
// listener a remote forward to a socket of ours. It is left as it was found.
type master struct {
	path   string // control socket
	alias  string
	dir    string // of the sockets that forwarded connections arrive at
	notify func(Event)
	stop   func()          // ends a master of our own; nil for the user's
	done   chan struct{}   // closed when the master is gone
	guard  *muxConn        // ends with the master
	ctx    context.Context // ends with the master, or with close
	end    context.CancelFunc

	riders  atomic.Int32  // connections, listeners and dials
	heard   atomic.Uint64 // what has come from the server
	awaited atomic.Uint64 // heard, once what was sent last is answered

	asking sync.Mutex // guards probe
	probe  *muxConn   // asks whether the master is alive

	mu      sync.Mutex // guards the rest
	cause   error      // why the master was given up
	closing bool
	serial  int
	open    map[*masterListener]bool
	wg      sync.WaitGroup
}

// joinMaster rides the master that ControlPath names, if one is live.
func (c *Client) joinMaster(ctx context.Context) carrier {
	if c.cfg.ControlPath == "" {
		return nil
	}
	m, err := newMaster(ctx, c.cfg, c.cfg.ControlPath, c.notify)
	if err != nil {
		return nil
	}
	if c.mute.Load() && !m.answers(muxTimeout) {
		m.close()
		return nil
	}
	c.mute.Store(false)
	if c.cfg.ServerAliveInterval > 0 {
		m.begin(func() { m.keepAlive(c.cfg.ServerAliveInterval, c.cfg.ServerAliveCountMax, &c.mute) })
	}
	c.notify(Event{Kind: Connected, Host: c.cfg.Alias, Method: "ControlPath", Text: c.cfg.ControlPath})
	return m
}

// newMaster connects to a control socket and watches it.
func newMaster(ctx context.Context, cfg *Config, path string, notify func(Event)) (*master, error) {
	m := &master{path: path, alias: cfg.Alias, notify: notify,
		done: make(chan struct{}), open: map[*masterListener]bool{}}
	m.ctx, m.end = context.WithCancel(context.Background())
	var err error
	if m.guard, err = dialMux(ctx, path); err != nil {
		return nil, err
	}
	if m.probe, err = dialMux(ctx, path); err == nil {
		err = m.check()
	}
	if err == nil {
		m.dir, err = os.MkdirTemp("", "ftptunnel-")
	}
	if err != nil {
		m.end()
		m.guard.Close()
		if m.probe != nil {
			m.probe.Close()
		}
		return nil, err
	}
	m.begin(m.watch)
	return m, nil
}

// begin runs f in a goroutine that close waits for; false once closing.
func (m *master) begin(f func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closing {
		return false
	}
	m.wg.Go(f)
	return true
}

// watch notices the end of the master: it never says anything on its own.
func (m *master) watch() {
	io.Copy(io.Discard, m.guard)
	close(m.done)
	m.end()
	for _, l := range m.listeners() {
		l.sock.Close()
	}
	if err := m.endError(); err != net.ErrClosed {
		m.notify(Event{Kind: Lost, Host: m.alias, Err: err})
	}
}

// check asks the master whether it is alive. A master that has lost its
// connection is dead: an answer after an end of file proves that the end of
// file was the peer's.
func (m *master) check() error {
	m.asking.Lock()
	defer m.asking.Unlock()
	m.probe.SetDeadline(time.Now().Add(muxTimeout))
	_, err := m.probe.request(muxAlive, muxAliveCheck, nil)
	if err != nil {
		m.lose(errMasterGone) // an answer that comes late would be taken for the next one
	}
	return err
}

// lose gives the master up.
func (m *master) lose(cause error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cause == nil {
		m.cause = cause
	}
	m.guard.Close()
}

func (m *master) alive() bool {
	select {
	case <-m.done:
		return false
	default:
		return true
	}
}

// endError is what reads and writes return once the master is gone.
func (m *master) endError() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closing {
		return net.ErrClosed
	}
	cause := m.cause
	if cause == nil {
		cause = errMasterGone
	}
	return &LostError{Host: m.alias, Cause: cause}
}

var errMasterGone = errors.New("the OpenSSH master is gone")

// listeners returns those that are open.
func (m *master) listeners() []*masterListener {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.open))
}

// close leaves the master, without the forwards that it made for us, or ends it
// if it is ours.
func (m *master) close() {
	if m.stop == nil {
		var leaving sync.WaitGroup
		for _, l := range m.listeners() {
			leaving.Go(l.cancel)
		}
		leaving.Wait()
	}
	m.mu.Lock()
	m.closing = true
	m.mu.Unlock()
	m.end()
	m.guard.Close()
	m.probe.Close()
	if m.stop != nil {
		m.stop()
	}
	m.wg.Wait()
	os.RemoveAll(m.dir)
}

// socket returns the path of a new socket for forwarded connections.
func (m *master) socket() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.serial++
	return filepath.Join(m.dir, itoa(m.serial))
}
