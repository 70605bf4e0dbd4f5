package sshconn

import (
	"context"
	"net"
)

// carrier is what a [Client] rides: an SSH connection of our own, or an OpenSSH
// master.
type carrier interface {
	dial(ctx context.Context, address string) (net.Conn, error)
	listen(ctx context.Context, address string) (net.Listener, error)
	alive() bool
	endError() error // what has ended it, once it is not alive
	close()          // ends it and waits for everything that runs on it
}

// native is an SSH connection of our own, with those beside it.
type native struct {
	client *Client
	conn   *connection
}

func (n *native) dial(ctx context.Context, address string) (net.Conn, error) {
	conn := n.client.spread(n.conn)
	defer conn.load.Add(-1)
	k, err := conn.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	return k, nil
}

func (n *native) listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := n.conn.listen(ctx, address)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (n *native) alive() bool     { return n.conn.alive() }
func (n *native) endError() error { return n.conn.endError() }
func (n *native) close()          { n.conn.close() }

// carry makes a carrier: the engine that the options ask for, a master that is
// live already, or a connection of our own.
func (c *Client) carry(ctx context.Context) (carrier, error) {
	switch c.cfg.Engine {
	case EngineOpenSSH:
		return c.startMaster(ctx)
	case EngineNative:
	default:
		if m := c.joinMaster(ctx); m != nil {
			return m, nil
		}
	}
	conn, err := c.establish(ctx)
	if err != nil {
		return nil, err
	}
	return &native{c, conn}, nil
}
