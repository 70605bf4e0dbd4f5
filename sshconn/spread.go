package sshconn

import (
	"context"
	"errors"
)

// Behind a jump host every channel of a connection shares the one channel that
// the connection itself rides in, and that channel's window: what makes
// parallel transfers faster elsewhere does nothing there. So a busy client opens
// further connections to the destination, each in a channel of its own on the
// connection to the first hop.
const (
	maxInner  = 4 // connections to one destination
	busyInner = 2 // channels on the least busy one that make it open more
)

// spread chooses the connection for a new channel, and has more made when all
// are busy. It counts the channel as one in use, so that several that are opened
// at once do not all choose the same; the caller takes that back when the
// channel is open and counted itself, or has failed.
func (c *Client) spread(live *connection) *connection {
	if live.via == nil {
		live.load.Add(1)
		return live
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	best := live
	kept := c.inner[:0]
	for _, x := range c.inner {
		if !x.alive() {
			c.wg.Go(x.close)
			continue
		}
		kept = append(kept, x)
		if x.load.Load() < best.load.Load() {
			best = x
		}
	}
	c.inner = kept
	if best.load.Load() >= busyInner && !c.narrow && !c.closed {
		for range maxInner - 1 - len(c.inner) - c.widening {
			c.widening++
			c.wg.Go(func() { c.widen(live) })
		}
	}
	best.load.Add(1)
	return best
}

// widen opens one more connection beside live. It never asks the user: where
// the login needed an answer there is one connection only.
func (c *Client) widen(live *connection) {
	var more *connection
	err := errors.New("the login asks for an answer each time")
	if live.silent {
		more, err = c.establishBeside(c.base, live)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.widening--
	switch {
	case err == nil && (c.closed || !c.rides(live)):
		c.wg.Go(more.close)
	case err == nil:
		c.inner = append(c.inner, more)
	case c.base.Err() == nil && !c.narrow && c.rides(live) && live.stands():
		c.narrow = true
		c.notify(Event{Kind: Warning, Host: c.cfg.Alias, Err: err,
			Text: "all transfers share one connection through the jump host"})
	}
}

// rides reports whether a connection is the one that the client rides now. The
// caller holds mu.
func (c *Client) rides(conn *connection) bool {
	n, ok := c.live.(*native)
	return ok && n.conn == conn
}

// stands reports whether a connection and the hops that it rides are alive:
// what fails beside one that is lost fails with it.
func (c *connection) stands() bool {
	return c.alive() && (c.via == nil || c.via.stands())
}

// establishBeside connects to the destination once more, from the first hop of
// an established connection on.
func (c *Client) establishBeside(ctx context.Context, live *connection) (*connection, error) {
	first := live
	for first.via != nil {
		first = first.via
	}
	var via *connection
	for i, cfg := range c.path()[1:] {
		from := via
		if via == nil {
			from = first
		}
		next, err := c.hop(ctx, cfg, from, i+2 < len(c.path()), live)
		if err != nil {
			if via != nil {
				via.close()
			}
			return nil, err
		}
		next.via = via // first is live's to close
		via = next
	}
	c.execute(via)
	return via, nil
}

// closeInner ends the further connections. The caller holds mu and waits for
// wg.
func (c *Client) closeInner() {
	for _, x := range c.inner {
		c.wg.Go(x.close)
	}
	c.inner = nil
}
