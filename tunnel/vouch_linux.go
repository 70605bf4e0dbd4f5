package tunnel

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// arrivalWaits reports whether somebody has connected to l whom it has not
// accepted yet.
func arrivalWaits(l *net.TCPListener) bool {
	raw, err := l.SyscallConn()
	if err != nil {
		return false
	}
	waits := false
	raw.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(p, 0)
		for err == syscall.EINTR {
			n, err = unix.Poll(p, 0)
		}
		waits = err == nil && n > 0 && p[0].Revents&unix.POLLIN != 0
	})
	return waits
}
