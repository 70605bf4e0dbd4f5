package tunnel

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// unscheduled is a TCP connection as Unscheduled makes it.
type unscheduled struct {
	*net.TCPConn
	reading, writing rawCall
}

func newUnscheduled(c *net.TCPConn) *unscheduled {
	u := &unscheduled{TCPConn: c}
	raw, err := c.SyscallConn()
	if err != nil { // closed already: so say the calls of c
		return u
	}
	u.reading = rawCall{raw: raw, name: "read", trap: syscall.SYS_READ}
	u.writing = rawCall{raw: raw, name: "write", trap: syscall.SYS_WRITE}
	u.reading.attempt = u.reading.call
	u.writing.attempt = u.writing.write
	return u
}

func (u *unscheduled) Read(p []byte) (int, error) {
	if u.reading.raw == nil || len(p) == 0 {
		return u.TCPConn.Read(p)
	}
	n, err := u.reading.run(u.reading.raw.Read, p)
	if n == 0 && err == nil {
		return 0, io.EOF
	}
	return n, u.wrap("read", err)
}

func (u *unscheduled) Write(p []byte) (int, error) {
	if u.writing.raw == nil || len(p) == 0 {
		return u.TCPConn.Write(p)
	}
	n, err := u.writing.run(u.writing.raw.Write, p)
	return n, u.wrap("write", err)
}

// wrap makes an error what package net makes of it.
func (u *unscheduled) wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	if inner, ok := err.(*net.OpError); ok {
		err = inner.Err // of the RawConn, which names its own method
	}
	return &net.OpError{Op: op, Net: "tcp", Source: u.LocalAddr(), Addr: u.RemoteAddr(), Err: err}
}

// rawCall is one direction of a connection. The mutex makes its fields one
// call's at a time.
type rawCall struct {
	mu      sync.Mutex
	raw     syscall.RawConn
	name    string
	trap    uintptr
	attempt func(fd uintptr) (done bool) // made once: a method value is an allocation

	p    []byte // what is left
	n    int    // what was done
	fail syscall.Errno
}

// run does p by wait, which is the RawConn's Read or Write.
func (r *rawCall) run(wait func(func(uintptr) bool) error, p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.p, r.n, r.fail = p, 0, 0
	err := wait(r.attempt)
	r.p = nil
	if err == nil && r.fail != 0 {
		err = os.NewSyscallError(r.name, r.fail)
	}
	return r.n, err
}

// write is done when nothing is left.
func (r *rawCall) write(fd uintptr) bool {
	for len(r.p) > 0 && r.fail == 0 {
		if !r.call(fd) {
			return false
		}
	}
	return true
}

// call makes the system call once; false where it would have to wait. A read is
// done with it, by the first bytes, the end of file or a failure.
func (r *rawCall) call(fd uintptr) bool {
	for {
		n, _, e := syscall.RawSyscall(r.trap, fd, uintptr(unsafe.Pointer(&r.p[0])), uintptr(len(r.p)))
		switch e {
		case 0:
			r.n += int(n)
			r.p = r.p[n:]
			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			r.fail = e
			return true
		}
	}
}
