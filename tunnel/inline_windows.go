package tunnel

import (
	"net"
	"syscall"
)

// readInline makes urgent data arrive in its place: SO_OOBINLINE, as on other
// systems.
func readInline(c net.Conn) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	const soOOBInline = 0x0100
	raw.Control(func(fd uintptr) {
		syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, soOOBInline, 1)
	})
}
