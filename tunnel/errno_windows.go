package tunnel

import (
	"errors"
	"syscall"
)

// Winsock's numbers, which package syscall does not map to its own.
const (
	errNoFamily  = syscall.Errno(10047) // WSAEAFNOSUPPORT
	errInUse     = syscall.Errno(10048) // WSAEADDRINUSE
	errNoAddress = syscall.Errno(10049) // WSAEADDRNOTAVAIL

	wsaConnAborted = syscall.Errno(10053)
	wsaConnReset   = syscall.Errno(10054)
	wsaNotConn     = syscall.Errno(10057)
	wsaShutdown    = syscall.Errno(10058)
)

// isReset reports whether an error is that of a connection that the peer has
// closed.
func isReset(err error) bool {
	return errors.Is(err, wsaConnReset) || errors.Is(err, wsaConnAborted) ||
		errors.Is(err, wsaNotConn) || errors.Is(err, wsaShutdown)
}
