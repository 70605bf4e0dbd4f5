package tunnel

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// Side is one of the two networks that a tunnel joins.
//
// Its connections keep the meaning of TCP's ends: Read returns io.EOF only for
// the peer's FIN, and another error when the transport was lost (one with a
// method Lost() bool if it wraps what a peer, too, could have caused);
// CloseWrite sends a FIN after what was written; Abort makes the peer see a
// reset where the transport can (see [Conn]). Addresses are real
// (*net.TCPAddr) or of another type.
//
// Closing a listener ends the expectation that it was opened for; a side may
// keep the port for its next Listen. A listener that has a method Retire()
// error is retired instead when somebody raced for its port: a side never hands
// that port out again.
type Side interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	Listen(ctx context.Context, network, address string) (net.Listener, error)
}

// Conn is what connections of a [Side] are expected to implement beyond
// net.Conn.
type Conn interface {
	net.Conn

	// CloseWrite sends the peer an end of file and leaves reading open.
	CloseWrite() error

	// Abort closes the connection so that the peer sees a reset. Through an
	// SSH server the far peer sees a FIN all the same (OpenSSH 9.2).
	Abort() error
}

// sourceDialer is what a Side implements that can choose the address that it
// dials from. Some clients (ncftp 3.2.6, commons-net) take a data connection
// only from the address of their control connection.
type sourceDialer interface {
	DialFrom(ctx context.Context, source netip.Addr, network, address string) (net.Conn, error)
}

// distant is what a Side implements that knows how long a round trip to the
// other end of its transport takes, at most; 0 if that is not known yet.
type distant interface {
	RoundTrip() time.Duration
}

// lostTransport is what the error of a lost transport implements.
type lostTransport interface {
	error
	Lost() bool
}

// closeWrite passes an end of file on. A connection that cannot be half-closed
// is closed: its peer would wait for ever otherwise.
func closeWrite(c net.Conn) error {
	if h, ok := c.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return c.Close()
}

// abort closes a connection so that its peer sees a reset.
func abort(c net.Conn) {
	switch c := c.(type) {
	case interface{ Abort() error }:
		c.Abort()
	case *net.TCPConn:
		c.SetLinger(0)
		c.Close()
	default:
		c.Close()
	}
}

// addrPort is the real address behind a; the zero value if it has none.
func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
