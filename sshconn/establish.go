package sshconn

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"
)

// establish makes a connection to the destination, hop by hop.
func (c *Client) establish(ctx context.Context) (*connection, error) {
	var via *connection
	for i, cfg := range c.path() {
		next, err := c.hop(ctx, cfg, via, i < len(c.cfg.Jumps), nil)
		if err != nil {
			if via != nil {
				via.close()
			}
			return nil, err
		}
		if next.via = via; via != nil {
			next.silent = next.silent && (via.via == nil || via.silent)
		}
		via = next
	}
	c.execute(via)
	return via, nil
}

// path returns the hosts on the way and the destination.
func (c *Client) path() []*Config { return append(slices.Clone(c.cfg.Jumps), c.cfg) }

// hop connects to one host, through the one before it. Beside a connection that
// stands already it does not ask the user, and the destination has to be the
// same machine: its name may stand for several.
func (c *Client) hop(ctx context.Context, cfg *Config, via *connection, jump bool, beside *connection) (*connection, error) {
	h := &handshake{cfg: cfg, notify: c.notify}
	p := c.p
	if beside != nil {
		h.beside, p = true, nil
		if !jump {
			h.same = beside.hostKey
		}
	}
	h.ask = &asker{p: p, batch: cfg.BatchMode, hop: jump, mu: &c.prompt}
	if via != nil {
		h.hop = via.cfg.Alias
	}
	begun := time.Now()
	raw, err := c.reach(ctx, cfg, via)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, h.unreached(dialCause(err))
	}
	c.notify(Event{Kind: Reached, Host: cfg.Alias, Addr: raw.RemoteAddr(), Elapsed: time.Since(begun)})
	return h.run(ctx, raw, c.secrets)
}

// reach opens the connection that SSH is to be spoken over.
func (c *Client) reach(ctx context.Context, cfg *Config, via *connection) (net.Conn, error) {
	limited, cancel := context.WithTimeoutCause(ctx, cfg.timeout(), errTimeout)
	defer cancel()
	switch {
	case via != nil:
		k, err := via.dial(limited, net.JoinHostPort(cfg.HostName, itoa(cfg.Port)))
		if err != nil {
			return nil, err
		}
		k.rx.budget = hopWindows
		return k, nil
	case cfg.ProxyCommand != "":
		return startProxy(cfg, c.notify)
	}
	return dialTCP(limited, cfg)
}

// dialCause takes the address off an error that names it again.
func dialCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}
