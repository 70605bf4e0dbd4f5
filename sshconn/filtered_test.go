//go:build unix

package sshconn

import (
	"net"
	"syscall"
	"testing"
	"time"
)

// filtered returns an address that does not answer, as behind a firewall: the
// queue of a listener that nobody accepts from is full. release makes the
// kernel answer at last, with a refusal.
func filtered(t *testing.T) (address string, release func()) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address = net.JoinHostPort("127.0.0.1", itoa(sa.(*syscall.SockaddrInet4).Port))
	closed := false
	release = func() {
		if !closed {
			closed = true
			syscall.Close(fd)
		}
	}
	t.Cleanup(release)
	for range 10 {
		c, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if err != nil {
			return address, release
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("this kernel answers for a listener whose queue is full")
	return "", nil
}
