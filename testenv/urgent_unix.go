//go:build unix

package testenv

import (
	"net"
	"syscall"
)

// readInlineUrgent leaves TCP's urgent byte in the stream, where clients put
// the Telnet sequence of an ABOR (RFC 1123, section 4.1.2.10).
func readInlineUrgent(c *net.TCPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_OOBINLINE, 1)
	})
}
