package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"ftptunnel/tunnel"
)

// listen opens the listeners of a forward: for localhost one on every loopback
// address, with one port. 0.0.0.0 is IPv4 alone and [::] IPv6, as in ssh(1), and
// not every address of both families, as in package net.
func listen(ctx context.Context, f forward) ([]net.Listener, error) {
	if f.bind == "localhost" {
		ls, err := tunnel.ListenLoopback(ctx, uint16(f.port))
		return ls, listenError(err)
	}
	network := "tcp"
	switch f.bound() {
	case netip.IPv4Unspecified():
		network = "tcp4"
	case netip.IPv6Unspecified():
		network = "tcp6"
	}
	l, err := tunnel.Local{}.Listen(ctx, network, f.listenAddress())
	if err != nil {
		return nil, listenError(err)
	}
	return []net.Listener{l}, nil
}

// listenError says in plain words what package net says in its own.
func listenError(err error) error {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return &bindNameError{dns}
	}
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Addr == nil {
		return err
	}
	cause := op.Err
	if s, ok := errors.AsType[*os.SyscallError](cause); ok {
		cause = s.Err
	}
	return fmt.Errorf("cannot listen on %v: %w", op.Addr, cause)
}

// bindNameError is a name to listen on that is no address of this machine's.
type bindNameError struct{ dns *net.DNSError }

// Error says which name.
func (e *bindNameError) Error() string {
	return fmt.Sprintf("cannot listen on %s: %s", e.dns.Name, e.dns.Err)
}

// closeAll closes listeners that were not handed over.
func closeAll(ls []net.Listener) {
	for _, l := range ls {
		l.Close()
	}
}

// warnIfWide says when others than the users of one machine can reach a
// service, and what it gives them.
func (p *program) warnIfWide(s *service) {
	for _, l := range s.listeners {
		at := l.Addr().String()
		if host, _, _ := net.SplitHostPort(at); onSSHHost(host) {
			continue
		}
		text := fmt.Sprintf("listening on %s: whoever reaches it can use the tunnel, in clear", at)
		if s.kind == proxyForward {
			text += fmt.Sprintf(", to every host that %s can reach", p.destination)
		}
		p.log.log(levelWarn, "wide_bind", text, "address", at)
	}
}

// at returns where a client finds the service: on this machine, or on the SSH
// server's side.
func (s *service) at() place {
	at := s.listeners[0].Addr().String()
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return place{at}
	}
	a, err := netip.ParseAddr(host)
	switch {
	case a == netip.IPv6Unspecified() && s.bound() == a:
		host = "::1"
	case host == "" || err == nil && a.IsUnspecified():
		host = "127.0.0.1"
	case err == nil:
		host = a.Unmap().String()
	}
	return place{net.JoinHostPort(host, port)}
}
