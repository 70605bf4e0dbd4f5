package tunnel

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// latePort has the system choose the port of a connection that is made from a
// given address when it knows the other end: what has served within the last
// minute then serves again, to another address (IP_BIND_ADDRESS_NO_PORT, ip(7);
// a Linux before 4.2 does without).
func latePort(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	})
}
