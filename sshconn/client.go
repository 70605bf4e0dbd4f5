package sshconn

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// Bounds of the pause before another attempt to connect.
const (
	firstPause = time.Second
	lastPause  = 30 * time.Second
)

// Client is one destination. It connects when it is first used, keeps the
// connection alive and makes a new one when the next caller needs it. Safe for
// concurrent use.
type Client struct {
	cfg    *Config
	p      Prompter
	report func(Event)

	base    context.Context // ends with Close
	end     context.CancelFunc
	secrets *secrets
	prompt  sync.Mutex // one question to the user at a time
	wg      sync.WaitGroup

	mu       sync.Mutex // guards the rest
	live     *connection
	dialing  *attempt
	refused  error // a refusal that another attempt would not change
	last     error // of the last attempt
	pause    time.Duration
	notYet   time.Time     // no attempt before
	ever     bool          // was connected once
	told     bool          // that directives have no effect
	inner    []*connection // beside live, where there are jump hosts
	widening int           // of them, in the making
	narrow   bool          // no more of them can be made
	closed   bool
}

// attempt is a connection in the making.
type attempt struct {
	done   chan struct{}
	conn   *connection
	err    error
	cancel context.CancelCauseFunc
}

// NewClient makes a client of a destination. A nil Prompter never answers.
// notify, which may be nil, is called from several goroutines and must not
// block.
func NewClient(cfg *Config, p Prompter, notify func(Event)) *Client {
	if notify == nil {
		notify = func(Event) {}
	}
	c := &Client{cfg: cfg, p: p, report: notify, secrets: newSecrets()}
	c.base, c.end = context.WithCancel(context.Background())
	return c
}

// Config returns the configuration that the client was made with.
func (c *Client) Config() *Config { return c.cfg }

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
// resolution is the server's. network is tcp, tcp4 or tcp6. A lost SSH
// connection is made again first, no sooner than the pause since the last
// failure allows (1 s to 30 s); when ctx ends before that the last failure is
// returned. One that is lost while it dials is made again once. The connection is a [*Conn]. Errors are those of Connect,
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
		k, err := c.spread(conn).dial(ctx, address)
		if err == nil {
			return k, nil
		}
		var lost *LostError
		if !again || !errors.As(err, &lost) {
			return nil, err
		}
	}
}

// Listen makes the SSH server listen, on port 0 on a port that it chooses. The
// listener is a [*Listener]; it ends with the SSH connection and is not made
// again. Servers may bind another address than was asked for. Errors are those
// of Connect, [*ListenError] and [*LostError].
func (c *Client) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	if err := checkNetwork(network); err != nil {
		return nil, err
	}
	conn, err := c.connected(ctx)
	if err != nil {
		return nil, err
	}
	l, err := conn.listen(ctx, address)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func checkNetwork(network string) error {
	switch network {
	case "tcp", "tcp4", "tcp6":
		return nil
	}
	return net.UnknownNetworkError(network)
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

// connected returns the live connection, making one where there is none.
func (c *Client) connected(ctx context.Context) (*connection, error) {
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
	wait := time.Until(c.notYet)
	if until, ok := ctx.Deadline(); ok && until.Before(c.notYet) && c.last != nil {
		return nil, c.last
	}
	if c.live != nil {
		c.closeInner()
		c.wg.Go(c.live.close)
		c.live = nil
	}
	base, cancel := context.WithCancelCause(c.base)
	a := &attempt{done: make(chan struct{}), cancel: cancel}
	c.dialing = a
	c.wg.Go(func() { c.run(base, a, max(wait, 0)) })
	return a, nil
}

// run makes one attempt.
func (c *Client) run(ctx context.Context, a *attempt, wait time.Duration) {
	defer a.cancel(nil)
	c.mu.Lock()
	again, told := c.ever, c.told
	c.told = true
	c.mu.Unlock()
	if !told {
		c.tellUnsupported()
	}
	if again || wait > 0 {
		c.report(Event{Kind: Reconnecting, Host: c.cfg.Alias, Elapsed: wait})
	}
	if wait > 0 && !sleep(ctx, wait) {
		a.err = context.Cause(ctx)
	} else {
		a.conn, a.err = c.establish(ctx)
	}
	c.settle(ctx, a)
	close(a.done)
}

// tellUnsupported reports the directives that have no effect here, once.
func (c *Client) tellUnsupported() {
	for _, cfg := range c.path() {
		for _, name := range cfg.Unsupported {
			c.report(Event{Kind: Unsupported, Host: cfg.Alias, Text: name})
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
		c.live, c.ever, c.pause, c.notYet = a.conn, true, 0, time.Time{}
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
	c.pause = min(max(2*c.pause, firstPause), lastPause)
	c.notYet = time.Now().Add(c.pause)
}

// notify passes an event on.
func (c *Client) notify(e Event) { c.report(e) }
