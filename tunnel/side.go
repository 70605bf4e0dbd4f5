package tunnel

import (
	"context"
	"net"
)

// Side is one of the two networks that a tunnel joins.
//
// Its connections keep the meaning of TCP's ends: Read returns io.EOF only for
// the peer's FIN, and another error when the transport was lost; CloseWrite
// sends a FIN after what was written; Abort makes the peer see a reset where
// the transport can (see [Conn]). Addresses are real (*net.TCPAddr) or of
// another type.
//
// Closing a listener ends the expectation that it was opened for; a side may
// keep the port for its next Listen. A listener that has a Retire method is
// retired instead when somebody raced for its port: a side never hands that
// port out again.
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
