package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"ftptunnel/sshconn"
	"ftptunnel/tunnel"
)

// service is one forward that is ready: its tunnel and where clients arrive.
type service struct {
	forward
	tunnel    *tunnel.Tunnel
	listeners []net.Listener // the tunnel's, once it serves
}

// up is what the program has set up. The first of its services is a wrapped
// command's.
type up struct {
	client   *sshconn.Client
	services []*service
}

// close ends the SSH connection, after the services have ended.
func (u *up) close() { _ = u.client.Close() }

// abandon ends what was set up, as far as it was, before a service has begun.
func (u *up) abandon() {
	for _, s := range u.services {
		closeAll(s.listeners)
	}
	if u.client != nil {
		u.close()
	}
}

// setUp opens the listeners, connects and probes the targets. A signal that
// arrives meanwhile ends it and is its error.
func (p *program) setUp(ctx context.Context, sigs <-chan os.Signal) (*up, error) {
	ctx, stop := untilSignal(ctx, sigs)
	u := new(up)
	err := p.setUpParts(ctx, u)
	stop()
	interrupted, ok := errors.AsType[signalError](context.Cause(ctx))
	if err == nil && !ok {
		return u, nil
	}
	u.abandon()
	if ok {
		return nil, interrupted
	}
	return nil, err
}

// setUpParts does what can fail soonest first: a port in use must not cost a
// password.
func (p *program) setUpParts(ctx context.Context, u *up) error {
	if err := p.listenHere(ctx, u); err != nil {
		return err
	}
	cfg, err := sshconn.Resolve(ctx, p.destination, p.sshOptions())
	if err != nil {
		return err
	}
	u.client = sshconn.NewClient(cfg, p.prompt, p.sshEvent)
	if err := u.client.Connect(ctx); err != nil {
		return err
	}
	if err := p.listenThere(ctx, u); err != nil {
		return err
	}
	for _, s := range u.services {
		s.tunnel = p.newTunnel(u.client, s.forward)
	}
	return p.probeAll(ctx, u)
}

// listenHere makes the services and opens those listeners that are on this
// machine, but for those that systemd has opened.
func (p *program) listenHere(ctx context.Context, u *up) error {
	handed, err := handedOver(p.forwards)
	if err != nil {
		return err
	}
	for i, f := range p.forwards {
		u.services = append(u.services, &service{forward: f, listeners: handed[i]})
	}
	for _, s := range u.services {
		if s.kind == remoteForward {
			continue
		}
		if s.listeners == nil {
			if s.listeners, err = listen(ctx, s.forward); err != nil {
				return err
			}
		}
		p.warnIfWide(s)
	}
	return nil
}

// listenThere has the SSH server open the others.
func (p *program) listenThere(ctx context.Context, u *up) error {
	for _, s := range u.services {
		if s.kind != remoteForward {
			continue
		}
		l, err := u.client.ListenStanding(ctx, "tcp", s.listenAddress())
		if err != nil {
			return err
		}
		s.listeners = []net.Listener{l}
		p.warnIfWide(s)
	}
	return nil
}

// newTunnel returns the tunnel of a forward, one of whose sides is reached by
// SSH.
func (p *program) newTunnel(far tunnel.Side, f forward) *tunnel.Tunnel {
	var client, server tunnel.Side = tunnel.Local{}, far
	if f.kind == remoteForward {
		client, server = far, tunnel.Local{}
	}
	t := &tunnel.Tunnel{
		Client:        client,
		Server:        server,
		Target:        f.target(),
		Mode:          p.serverMode,
		ActiveAddress: p.activeAddress,
		ReplyHost:     p.replyHost,
		Prefetch:      p.prefetch,
		FXP:           p.fxp,
		TLS:           p.tls,
		SameUser:      len(p.command) > 0,
		Observe:       p.observer(f),
	}
	if p.transfers != nil {
		t.Hash = sha256.New
	}
	return t
}

// probeAll asks every target, all at once, whether it is an FTP server.
func (p *program) probeAll(ctx context.Context, u *up) error {
	errs := make([]error, len(u.services))
	var wg sync.WaitGroup
	for i, s := range u.services {
		if s.kind != proxyForward {
			wg.Go(func() { errs[i] = p.probe(ctx, s) })
		}
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// probe asks one target. A server that is busy is an FTP server: for clients
// that come later that is good enough.
func (p *program) probe(ctx context.Context, s *service) error {
	greeting, err := s.tunnel.Probe(ctx)
	if _, busy := errors.AsType[*tunnel.BusyError](err); busy && len(p.command) == 0 {
		p.log.warnf("target_busy", "%v", err)
		return nil
	}
	if err == nil {
		p.log.log(levelInfo, "target_ready", fmt.Sprintf("%s greets: %s", s.target(), greeting),
			"target", s.target(), "greeting", greeting)
	}
	return err
}

// untilSignal returns a context that ends with the first signal, as its cause.
// Stop waits for what it started; a signal that was taken is the cause even so.
func untilSignal(ctx context.Context, sigs <-chan os.Signal) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case s := <-sigs:
			cancel(signalError{s})
		case <-ctx.Done():
		case <-done:
		}
	})
	return ctx, func() {
		close(done)
		wg.Wait()
		cancel(nil)
	}
}
