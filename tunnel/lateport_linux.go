package tunnel

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// latePort has the system choose the local port of a connection from a given
// address only when the other end is known. So it can choose one that has served
// another end within the last minute (IP_BIND_ADDRESS_NO_PORT, ip(7); a Linux
// before 4.2 does without).
func latePort(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	})
}
