package tunnel

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
)

// Local is this machine as a [Side]. The zero value is ready and safe for
// concurrent use.
//
// To listen on the host "localhost" is to listen on every loopback address of
// the machine, on one port.
type Local struct{}

// DialContext connects as net.Dialer does.
func (Local) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return Local{}.DialFrom(ctx, netip.Addr{}, network, address)
}

// DialFrom connects from the given address; the system chooses one if it is
// the zero value.
func (Local) DialFrom(ctx context.Context, source netip.Addr, network, address string) (net.Conn, error) {
	d := net.Dialer{Control: latePort}
	if source.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	}
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return wrapLocal(c), nil
}

// Listen listens as net.Listen does, but that the host "localhost" is all the
// loopback addresses. For port 0 of any other host it finds a port even if the
// system has none left to give out, as so many have served within the last minute.
func (Local) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	if host, port, err := net.SplitHostPort(address); err == nil && host == "localhost" {
		ls, err := listenLoopback(ctx, network, port)
		if err != nil {
			return nil, err
		}
		return merge(ls), nil
	}
	l, err := listenAt(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return localListener{l}, nil
}

// The dynamic ports of RFC 6335 section 6, and how many of them are tried.
const (
	dynamicFirst = 49152
	dynamicCount = 1 << 14
	dynamicTries = 100
)

// listenAt listens at an address. Whoever ends a connection first keeps its port
// in TIME_WAIT, on Linux for a minute. Such a port is not given out for port 0,
// but can be had by its number. Linux gives out 28,000 ports, which as many files
// within a minute use up; so ports are then asked for by number.
func listenAt(ctx context.Context, network, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, network, address)
	host, port, _ := net.SplitHostPort(address)
	for n := 0; n < dynamicTries && port == "0" && errors.Is(err, errInUse); n++ {
		number := strconv.Itoa(dynamicFirst + rand.IntN(dynamicCount))
		l, err = lc.Listen(ctx, network, net.JoinHostPort(host, number))
	}
	return l, err
}

// localListener accepts connections that can be aborted.
type localListener struct{ net.Listener }

func (l localListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return wrapLocal(c), nil
}

// wrapLocal gives a TCP connection its Abort.
func wrapLocal(c net.Conn) net.Conn {
	if tcp, ok := c.(*net.TCPConn); ok {
		return localConn{newUnscheduled(tcp)}
	}
	return c
}

// localConn is a TCP connection of this machine.
type localConn struct{ *unscheduled }

// Abort closes the connection with a reset; what was not yet sent is lost.
func (c localConn) Abort() error {
	c.SetLinger(0)
	return c.Close()
}
