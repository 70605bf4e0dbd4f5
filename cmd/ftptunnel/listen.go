package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"

	"ftptunnel/tunnel"
)

// listen opens the listeners of a forward: for localhost one on every loopback
// address, with one port.
func listen(ctx context.Context, f forward) ([]net.Listener, error) {
	if f.bind == "localhost" {
		ls, err := tunnel.ListenLoopback(ctx, uint16(f.port))
		return ls, listenError(err)
	}
	l, err := tunnel.Local{}.Listen(ctx, "tcp", net.JoinHostPort(f.bind, strconv.Itoa(f.port)))
	if err != nil {
		return nil, listenError(err)
	}
	return []net.Listener{l}, nil
}

// listenError says in plain words what package net says in its own.
func listenError(err error) error {
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

// closeAll closes listeners that were not handed over.
func closeAll(ls []net.Listener) {
	for _, l := range ls {
		l.Close()
	}
}

// warnIfWide says when more than this machine can reach a listener.
func (p *program) warnIfWide(ls []net.Listener) {
	for _, l := range ls {
		a := addrPort(l)
		if !a.Addr().IsLoopback() {
			p.log.log(levelWarn, "wide_bind", fmt.Sprintf("listening on %s: whoever reaches it can use the tunnel, in clear", a), "address", a.String())
		}
	}
}

// addrPort returns the address of a listener on this machine.
func addrPort(l net.Listener) netip.AddrPort {
	a := l.Addr().(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// at returns where a client on this machine finds the service.
func (s *service) at() place {
	a := addrPort(s.listeners[0])
	if a.Addr().IsUnspecified() {
		a = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.Port())
	}
	return place{a}
}
