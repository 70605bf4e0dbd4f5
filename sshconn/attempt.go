package sshconn

import (
	"context"
	"errors"
	"net"
	"time"
)

// attempt is a connection in the making.
type attempt struct {
	done   chan struct{}
	conn   carrier
	err    error
	cancel context.CancelCauseFunc
}

// connected returns the live connection, making one where there is none.
func (c *Client) connected(ctx context.Context) (carrier, error) {
	for {
		a, err := c.begin(ctx)
		if err != nil {
			return nil, err
		}
		if a == nil {
			c.mu.Lock()
			live := c.live
			c.mu.Unlock()
			if live != nil {
				return live, nil
			}
			continue
		}
		select {
		case <-a.done:
			if a.err != nil {
				return nil, a.err
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// begin returns the attempt under way, or a new one; nil when the client is
// connected.
func (c *Client) begin(ctx context.Context) (*attempt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, net.ErrClosed
	case c.live != nil && c.live.alive():
		return nil, nil
	case c.refused != nil:
		return nil, c.refused
	case c.dialing != nil:
		return c.dialing, nil
	}
	if c.live != nil {
		c.leave()
	}
	wait := time.Until(c.notYet)
	if until, ok := ctx.Deadline(); ok && until.Before(c.notYet) && c.last != nil {
		return nil, c.last
	}
	base, cancel := context.WithCancelCause(c.base)
	a := &attempt{done: make(chan struct{}), cancel: cancel}
	c.dialing = a
	c.wg.Go(func() { c.run(base, a, max(wait, 0)) })
	return a, nil
}

// leave drops a connection that was lost. If it did not last, and the one before
// it was of no use either, the next one waits: a server that ends each connection
// would be knocked at without end. The caller holds mu.
func (c *Client) leave() {
	if time.Since(c.since) >= c.steady {
		c.pause = 0
	} else {
		c.last, c.notYet = c.live.endError(), time.Now().Add(c.pause)
		c.lengthen()
	}
	c.closeInner()
	c.wg.Go(c.live.close)
	c.live = nil
}

// lengthen makes the next pause longer. The caller holds mu.
func (c *Client) lengthen() { c.pause = min(max(2*c.pause, firstPause), lastPause) }

// run makes one attempt.
func (c *Client) run(ctx context.Context, a *attempt, wait time.Duration) {
	defer a.cancel(nil)
	c.mu.Lock()
	again, told := c.ever, c.told
	c.told = true
	c.mu.Unlock()
	if !told && c.cfg.Engine != EngineOpenSSH {
		c.tellUnsupported()
	}
	if again || wait > 0 {
		c.notify(Event{Kind: Reconnecting, Host: c.cfg.Alias, Elapsed: wait})
	}
	if wait > 0 && !sleep(ctx, wait) {
		a.err = context.Cause(ctx)
	} else {
		a.conn, a.err = c.carry(ctx)
	}
	c.settle(ctx, a)
	close(a.done)
}

// tellUnsupported reports the directives that have no effect here, once.
func (c *Client) tellUnsupported() {
	for _, cfg := range c.path() {
		for _, name := range cfg.Unsupported {
			c.notify(Event{Kind: Unsupported, Host: cfg.Alias, Text: name})
		}
	}
}

// settle records what became of an attempt.
func (c *Client) settle(ctx context.Context, a *attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialing = nil
	if a.err == nil && c.closed {
		a.err = net.ErrClosed
		c.wg.Go(a.conn.close)
	}
	c.last = a.err
	if a.err == nil {
		c.live, c.ever, c.since, c.notYet, c.narrow = a.conn, true, time.Now(), time.Time{}, false
		return
	}
	if ctx.Err() != nil {
		return // given up, not failed
	}
	var key *HostKeyError
	var auth *AuthError
	if errors.As(a.err, &key) || errors.As(a.err, &auth) {
		c.refused = a.err
	}
	c.lengthen()
	c.notYet = time.Now().Add(c.pause)
}
