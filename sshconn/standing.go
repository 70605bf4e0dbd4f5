package sshconn

import (
	"context"
	"errors"
	"net"
	"sync"
)

// Standing is a remote forward that outlives the SSH connection: when that is
// lost, it is made again, and the server is asked for the same port. Safe for
// concurrent use.
type Standing struct {
	c       *Client
	network string
	address string // with the port that was granted first
	addr    net.Addr

	ctx context.Context // ends with Close
	end context.CancelFunc

	renewal sync.Mutex // held by who makes the forward again
	mu      sync.Mutex // guards live
	live    net.Listener
}

// ListenStanding listens as Listen does, and returns its errors; they are not
// retried. What becomes of the listener later is reported as events: Listening
// when it is back, Warning when the server does not let it come back yet.
func (c *Client) ListenStanding(ctx context.Context, network, address string) (*Standing, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	l, err := c.Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		l.Close()
		return nil, err
	}
	s := &Standing{c: c, network: network, address: net.JoinHostPort(host, port), live: l}
	s.addr = l.Addr()
	if host != "localhost" && net.ParseIP(host) == nil {
		s.addr = Addr(s.address) // only the server knows what that is
	}
	s.ctx, s.end = context.WithCancel(c.base)
	return s, nil
}

// Addr returns where the server was asked to listen, with the port that it
// granted: a *net.TCPAddr for an IP address and for localhost, else an [Addr].
func (s *Standing) Addr() net.Addr { return s.addr }

// Accept waits for a connection, and for the SSH connection where that is
// lost: for as long as it takes, with pauses of 1 s to 30 s. It returns
// net.ErrClosed after Close, of the listener or of the client, and
// [*HostKeyError] or [*AuthError] when the server lets us in no more.
func (s *Standing) Accept() (net.Conn, error) {
	for {
		s.mu.Lock()
		l := s.live
		s.mu.Unlock()
		k, err := l.Accept()
		if err == nil {
			return k, nil
		}
		if err := s.renew(l); err != nil {
			return nil, err
		}
	}
}

// Close ends the listener and has the server free its port.
func (s *Standing) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return net.ErrClosed
	}
	s.end()
	return retire(s.live)
}

// retire closes a listener so that its port is free.
func retire(l net.Listener) error {
	if r, ok := l.(interface{ Retire() error }); ok {
		return r.Retire()
	}
	return l.Close()
}

// renew makes the forward again in the place of one that has ended.
func (s *Standing) renew(ended net.Listener) error {
	s.renewal.Lock()
	defer s.renewal.Unlock()
	told := false
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if s.replaced(ended) {
			return nil
		}
		if s.ctx.Err() != nil {
			return net.ErrClosed
		}
		l, err := s.c.Listen(s.ctx, s.network, s.address)
		switch {
		case s.ctx.Err() != nil:
			if err == nil {
				l.Close()
			}
			return net.ErrClosed
		case err == nil:
			return s.install(l)
		case final(err):
			return err
		}
		// A connection that cannot be made is reported by who makes it.
		if _, refused := errors.AsType[*ListenError](err); refused && !told {
			told = true
			s.c.notify(Event{Kind: Warning, Host: s.c.cfg.Alias, Text: err.Error() + " yet, trying on", Err: err})
		}
		if !sleep(s.ctx, pause) {
			return net.ErrClosed
		}
	}
}

// replaced reports whether somebody else has made the forward again.
func (s *Standing) replaced(ended net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live != ended
}

// install puts a new forward in its place.
func (s *Standing) install(l net.Listener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		l.Close()
		return net.ErrClosed
	}
	s.live = l
	s.c.notify(Event{Kind: Listening, Host: s.c.cfg.Alias, Text: s.address})
	return nil
}

// final reports whether an error is one that another attempt would not change.
func final(err error) bool {
	_, key := errors.AsType[*HostKeyError](err)
	_, auth := errors.AsType[*AuthError](err)
	return key || auth || errors.Is(err, net.ErrClosed)
}
