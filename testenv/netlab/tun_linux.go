package netlab

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const tunDevice = "/dev/net/tun"

// openTUN makes a TUN device in the thread's network namespace. Reads and
// writes are one bare IP packet each. It vanishes when it is closed.
func openTUN(name string) (*os.File, error) {
	// Not os.OpenFile: the file may join the poller only once it is a device.
	fd, err := unix.Open(tunDevice, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", tunDevice, err)
	}
	request, err := unix.NewIfreq(name)
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("device %q: %w", name, err)
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("device %q: %w", name, err)
	}
	return os.NewFile(uintptr(fd), tunDevice), nil
}
