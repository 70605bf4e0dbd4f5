package tunnel

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/nettest"
)

// tcpPipe is a TCP connection over loopback, both ends as package net has them.
func tcpPipe(t *testing.T) (ours, theirs *net.TCPConn) {
	t.Helper()
	a, b := tcpPair(t)
	return a.(localConn).TCPConn, b.(localConn).TCPConn
}

// TestUnscheduledIsAConn holds it against what any net.Conn must do: deadlines,
// Close in the midst of calls, concurrent callers.
func TestUnscheduledIsAConn(t *testing.T) {
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		c, d := tcpPipe(t)
		return Unscheduled(c), Unscheduled(d), func() { c.Close(); d.Close() }, nil
	})
}

// TestUnscheduledErrors: the tunnel tells ends apart by these.
func TestUnscheduledErrors(t *testing.T) {
	ours, theirs := tcpPipe(t)
	c := Unscheduled(ours)
	if n, err := c.Read(nil); n != 0 || err != nil {
		t.Errorf("reading nothing: %d bytes, %v", n, err)
	}
	if n, err := c.Write(nil); n != 0 || err != nil {
		t.Errorf("writing nothing: %d bytes, %v", n, err)
	}
	c.SetReadDeadline(time.Now().Add(-time.Second))
	_, err := c.Read(make([]byte, 1))
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("past its deadline: %v", err)
	}
	c.SetReadDeadline(time.Time{})

	theirs.CloseWrite()
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("at the end of file: %d bytes, %v", n, err)
	}

	theirs.SetLinger(0)
	theirs.Close()
	for err = nil; err == nil; { // until the reset has come
		_, err = c.Write(make([]byte, 1<<10))
	}
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "write" || op.Addr == nil || !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("writing to a connection that was reset: %#v", err)
	}

	c.Close()
	if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("writing to a closed connection: %v", err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading from a closed connection: %v", err)
	}
}

// TestUnscheduledWriteCounts: a write that fails half-way tells how much was
// taken, for that is what a transfer's log says.
func TestUnscheduledWriteCounts(t *testing.T) {
	ours, theirs := tcpPipe(t)
	c := Unscheduled(ours)
	const size = 64 << 20 // more than any socket buffer
	var n int
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		n, err = c.Write(make([]byte, size))
	}()
	if _, err := theirs.Read(make([]byte, 1)); err != nil { // it has begun
		t.Error(err)
	}
	c.SetWriteDeadline(time.Now().Add(-time.Second))
	<-done
	if n == 0 || n == size || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d of %d bytes, %v", n, size, err)
	}
}
