package tunnel

import (
	"context"
	"net"
	"net/netip"
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
	var d net.Dialer
	if source.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	}
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return wrapLocal(c), nil
}

// Listen listens as net.Listen does, and on all loopback addresses for the
// host "localhost".
func (Local) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	if host, port, err := net.SplitHostPort(address); err == nil && host == "localhost" {
		ls, err := listenLoopback(ctx, network, port)
		if err != nil {
			return nil, err
		}
		return merge(ls), nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return localListener{l}, nil
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
