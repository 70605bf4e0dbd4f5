//go:build unix

package sshconn

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// A port that nobody listens at, as a rule: what is asked of it is an answer.
const (
	nobodyHost = "127.0.0.1"
	nobodyPort = 1
)

// sent notes that something went to the server that it will answer.
func (m *master) sent() { m.awaited.Store(m.heard.Load() + 1) }

// keepAlive gives a master up whose server does not answer.
//
// A master with a ServerAliveInterval of its own finds that out. One without
// waits for ever, as ssh does: its answer to an alive check says nothing of the
// server, and it cannot be made to send a keepalive. So the server is asked to
// connect to a port of its own. A refusal will do, for it is an answer.
//
// It is asked if a whole interval has brought nothing although an answer is due,
// or if what rides the master was idle for more than count intervals.
func (m *master) keepAlive(interval time.Duration, count int, mute *atomic.Bool) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	heard, silent := m.heard.Load(), 0
	for {
		select {
		case <-m.ctx.Done():
			return
		case <-tick.C:
		}
		if now := m.heard.Load(); now != heard || m.riders.Load() == 0 {
			heard, silent = now, 0
			continue
		}
		if silent++; m.awaited.Load() <= heard && silent <= count {
			continue
		}
		if !m.answers(interval*time.Duration(max(count, 1))) && m.ctx.Err() == nil && m.heard.Load() == heard {
			mute.Store(true)
			m.lose(errSilent)
			return
		}
		heard, silent = m.heard.Load(), 0
	}
}

// answers reports whether the server answers within a time.
func (m *master) answers(within time.Duration) bool {
	ctx, cancel := context.WithTimeout(m.ctx, within)
	defer cancel()
	ctl, err := dialMux(ctx, m.path)
	if err != nil {
		return false
	}
	k, err := m.connect(ctx, ctl, nobodyHost, nobodyPort)
	if err == nil {
		k.Close()
	}
	var refused *muxError
	return err == nil || errors.As(err, &refused)
}
