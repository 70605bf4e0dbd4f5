//go:build unix

package tunnel

import (
	"net"
	"syscall"
)

// readInline makes urgent data arrive in its place. Clients send the data mark
// of an ABOR as urgent data (tnftp, ncftp, lftp, inetutils), and a socket
// without SO_OOBINLINE loses that byte.
func readInline(c net.Conn) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_OOBINLINE, 1)
	})
}
