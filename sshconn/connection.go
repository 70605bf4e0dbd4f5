package sshconn

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/ssh"
)

// connection is one live SSH connection and everything that runs on it. It
// ends when the transport does or by close; its goroutines are waited for.
type connection struct {
	cfg     *Config
	ssh     ssh.Conn
	tr      *transport
	notify  func(Event)
	via     *connection   // the hop before, closed with this one
	done    chan struct{} // closed when the connection has ended
	fwd     *forwards
	load    atomic.Int32    // channels in use
	silent  bool            // logged in without asking the user
	beside  bool            // a hop, or one of several: its end is not news
	hostKey ssh.PublicKey   // that was accepted
	ctx     context.Context // ends with the connection
	end     context.CancelFunc
	pace    pace

	// mu guards closing: no goroutine is added to wg once it is set.
	mu      sync.Mutex
	closing bool
	wg      sync.WaitGroup
}

// newConnection takes over an authenticated connection and serves it.
func newConnection(cfg *Config, sc ssh.Conn, tr *transport, notify func(Event)) *connection {
	c := &connection{
		cfg: cfg, ssh: sc, tr: tr, notify: notify,
		done: make(chan struct{}),
	}
	c.ctx, c.end = context.WithCancel(context.Background())
	c.fwd = newForwards(c)
	return c
}

// start runs the goroutines that every connection has.
func (c *connection) start(chans <-chan ssh.NewChannel, reqs <-chan *ssh.Request, keys *hostKeys) {
	c.begin(c.watch)
	c.begin(func() { c.serveChannels(chans) })
	c.begin(func() { c.serveRequests(reqs, keys) })
	if c.cfg.ServerAliveInterval > 0 {
		c.begin(c.keepAlive)
	}
}

// begin runs f in a goroutine that close waits for; false once closing.
func (c *connection) begin(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return false
	}
	c.wg.Go(f)
	return true
}

// watch notices the end of the connection.
func (c *connection) watch() {
	err := c.ssh.Wait()
	c.tr.fail(err)
	close(c.done)
	c.end()
	if err := c.endError(); err != net.ErrClosed && !c.beside {
		c.notify(Event{Kind: Lost, Host: c.cfg.Alias, Err: err})
	}
}

// serveChannels takes the channels that the server opens. It never waits for
// anybody: x/crypto's mux stands still until it has been taken.
func (c *connection) serveChannels(chans <-chan ssh.NewChannel) {
	for nc := range chans {
		if nc.ChannelType() == "forwarded-tcpip" {
			c.fwd.dispatch(nc)
			continue
		}
		nc.Reject(ssh.UnknownChannelType, "unknown channel type")
	}
}

// serveRequests answers the server's global requests. A keepalive wants any
// answer; the host keys of an OpenSSH are looked at, once, as in ssh.
func (c *connection) serveRequests(reqs <-chan *ssh.Request, keys *hostKeys) {
	for r := range reqs {
		if r.Type == "hostkeys-00@openssh.com" && keys != nil {
			payload, first := r.Payload, keys
			c.begin(func() { first.update(c, payload) })
			keys = nil
		}
		r.Reply(false, nil)
	}
}

// alive reports whether the connection still stands.
func (c *connection) alive() bool {
	select {
	case <-c.done:
		return false
	default:
		return c.tr.cause() == nil
	}
}

// endError is what reads and writes return once the connection has ended.
func (c *connection) endError() error {
	c.mu.Lock()
	closing := c.closing
	c.mu.Unlock()
	if closing {
		return net.ErrClosed
	}
	return &LostError{Host: c.cfg.Alias, Cause: c.tr.cause()}
}

// cut ends the connection as lost, for the given reason.
func (c *connection) cut(reason error) {
	c.tr.fail(reason)
	c.ssh.Close()
}

// close ends the connection and waits for everything that runs on it. The hop
// before ends first: a connection that rides another one ends by a message to
// it, which waits for ever where that takes no more.
func (c *connection) close() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	if c.via != nil {
		c.via.close()
	}
	c.ssh.Close()
	c.wg.Wait()
}
