package sshconn

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of the pause before another attempt to connect, and how long a
// connection has to last for the pause to start afresh.
const (
	firstPause  = time.Second
	lastPause   = 30 * time.Second
	steadyAfter = 10 * time.Second
)

// Client is one destination. It connects when it is first used, keeps the
// connection alive and makes a new one when the next caller needs it. Safe for
// concurrent use.
type Client struct {
	cfg    *Config
	p      Prompter
	notify func(Event)

	base    context.Context // ends with Close
	end     context.CancelFunc
	secrets *secrets
	prompt  sync.Mutex // one question to the user at a time
	steady  time.Duration
	mute    atomic.Bool // the user's master was alive and its server did not answer
	wg      sync.WaitGroup

	mu       sync.Mutex // guards the rest
	live     carrier
	dialing  *attempt
	refused  error // a refusal that another attempt would not change
	last     error // of the last attempt
	pause    time.Duration
	notYet   time.Time     // no attempt before
	since    time.Time     // when live was made
	ever     bool          // was connected once
	told     bool          // that directives have no effect
	inner    []*connection // beside live, where there are jump hosts
	widening int           // of them, in the making
	narrow   bool          // no more of them can be made
	closed   bool
}

// NewClient makes a client of a destination. A nil Prompter never answers.
// notify, which may be nil, is called from several goroutines and must not
// block.
func NewClient(cfg *Config, p Prompter, notify func(Event)) *Client {
	if notify == nil {
		notify = func(Event) {}
	}
	c := &Client{cfg: cfg, p: p, notify: notify, secrets: newSecrets(), steady: steadyAfter}
	c.base, c.end = context.WithCancel(context.Background())
	return c
}

// Connect connects, unless the client is connected already. When ctx ends
// first, the attempt is given up. Errors are [*ConnectError], [*HostKeyError],
// [*AuthError], those of the Prompter, or the cause of ctx.
func (c *Client) Connect(ctx context.Context) error {
	a, err := c.begin(ctx)
	if a == nil {
		return err
	}
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		a.cancel(context.Cause(ctx))
		<-a.done
		return a.err
	}
}

// DialContext connects to an address as the SSH server reaches it; name
// resolution is the server's. network is tcp, tcp4 or tcp6.
//
// A lost SSH connection is made again first. After a failure that waits for a
// pause, which grows from 1 s to 30 s. A connection that was lost within 10 s and
// had opened nothing counts as a failure, unless it is the first such in a row.
// If ctx has a deadline before the end of the pause, the last failure is returned
// at once. An SSH connection that is lost during the dial is made again once.
//
// With an SSH connection of our own the result is a [*Conn], over an OpenSSH
// master another type with the same methods. Errors are those of Connect,
// [*ForwardError] and [*LostError].
func (c *Client) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := checkNetwork(network); err != nil {
		return nil, err
	}
	for again := true; ; again = false {
		conn, err := c.connected(ctx)
		if err != nil {
			return nil, err
		}
		k, err := conn.dial(ctx, address)
		if err == nil {
			c.served()
			return k, nil
		}
		var lost *LostError
		if !again || !errors.As(err, &lost) {
			return nil, err
		}
	}
}

// served notes that the connection was of use: if it is lost the next one is
// made at once.
func (c *Client) served() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pause = 0
}

// Listen makes the SSH server listen; for port 0 it chooses a port. The listener
// ends with the SSH connection and is not made again, as that of
// [Client.ListenStanding] is. It has the methods of a [*Listener], and is one
// unless an OpenSSH master carries the connection. Servers may bind another address than was asked for. Errors are
// those of Connect, [*ListenError] and [*LostError].
func (c *Client) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	if err := checkNetwork(network); err != nil {
		return nil, err
	}
	conn, err := c.connected(ctx)
	if err != nil {
		return nil, err
	}
	return conn.listen(ctx, address)
}

func checkNetwork(network string) error {
	switch network {
	case "tcp", "tcp4", "tcp6":
		return nil
	}
	return net.UnknownNetworkError(network)
}

// RoundTrip returns an upper bound of the time that a round trip to the
// destination takes, the shortest time that opening a channel has taken. It is
// 0 while there is no connection or no channel was opened, and where an ssh
// master carries the connections.
func (c *Client) RoundTrip() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n, ok := c.live.(*native); ok {
		return n.conn.pace.roundTrip()
	}
	return 0
}

// Close ends the connection with everything that it carries and waits until
// nothing of the client runs any more.
func (c *Client) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return net.ErrClosed
	}
	c.closed = true
	live := c.live
	c.closeInner()
	c.mu.Unlock()
	c.end()
	if live != nil {
		live.close()
	}
	c.wg.Wait()
	return nil
}
