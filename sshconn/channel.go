package sshconn

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// Addr is the address of an end that only the SSH server knows: the name and
// port that were asked for. It is never a *net.TCPAddr.
type Addr string

// Network returns "ssh".
func (Addr) Network() string  { return "ssh" }
func (a Addr) String() string { return string(a) }

// Conn is a connection that rides an SSH connection.
//
// Read returns io.EOF only for the peer's end of file. When the SSH connection
// is gone it returns a [*LostError]; after a local Close, net.ErrClosed. A Read
// or Write that waits when Close is called returns as soon as the server has
// confirmed, at the latest when the keepalive gives the server up. Deadlines do
// not exist (os.ErrNoDeadline). Safe for concurrent use as a net.Conn is.
type Conn struct {
	ch            ssh.Channel
	rx            *receiver // reads ch
	c             *connection
	local, remote net.Addr
	closed        atomic.Bool
}

// newConn wraps an open channel; its requests are answered until it is closed.
func newConn(c *connection, ch ssh.Channel, reqs <-chan *ssh.Request, local, remote net.Addr) (*Conn, error) {
	if !c.begin(func() { ssh.DiscardRequests(reqs) }) {
		ch.Close()
		return nil, c.endError()
	}
	c.load.Add(1)
	return &Conn{ch: ch, rx: newReceiver(ch, &c.pace), c: c, local: local, remote: remote}, nil
}

func (k *Conn) Read(p []byte) (int, error) {
	n, err := k.rx.Read(p)
	if err == nil {
		return n, nil
	}
	switch {
	case !errors.Is(err, io.EOF):
		err = k.c.endError() // a window adjustment that could not be sent
	case k.closed.Load():
		err = net.ErrClosed
	case !k.c.tr.alive():
		err = k.c.endError()
	}
	return n, err
}

func (k *Conn) Write(p []byte) (int, error) {
	n, err := k.ch.Write(p)
	if err != nil {
		err = k.writeError(err)
	}
	return n, err
}

// writeError names why a write failed: we closed, the connection is gone, or
// the peer has closed its end.
func (k *Conn) writeError(err error) error {
	switch {
	case k.closed.Load():
		return net.ErrClosed
	case !errors.Is(err, io.EOF) || !k.c.tr.alive():
		return k.c.endError()
	}
	return syscall.EPIPE
}

// CloseWrite sends the peer an end of file. It is no error when the peer has
// closed its end already.
func (k *Conn) CloseWrite() error {
	if err := k.ch.CloseWrite(); err != nil {
		if err = k.writeError(err); err != syscall.EPIPE {
			return err
		}
	}
	return nil
}

// Close closes both directions. It is no error when the peer came first.
func (k *Conn) Close() error {
	if k.closed.Swap(true) {
		return net.ErrClosed
	}
	k.rx.close()
	k.c.load.Add(-1)
	if err := k.ch.Close(); err != nil && !errors.Is(err, io.EOF) {
		return k.c.endError()
	}
	return nil
}

// Abort closes the connection at once. SSH has no reset: the far peer sees an
// end of file (OpenSSH 9.2, Dropbear 2022.83).
func (k *Conn) Abort() error { return k.Close() }

// LocalAddr returns our end as the peer sees it, an [Addr] where it is unknown.
func (k *Conn) LocalAddr() net.Addr { return k.local }

// RemoteAddr returns the originator of a forwarded connection as a
// *net.TCPAddr, and an [Addr] for a connection that was dialled.
func (k *Conn) RemoteAddr() net.Addr { return k.remote }

// SetDeadline returns os.ErrNoDeadline, as the next two do.
func (k *Conn) SetDeadline(time.Time) error { return os.ErrNoDeadline }

// SetReadDeadline returns os.ErrNoDeadline.
func (k *Conn) SetReadDeadline(time.Time) error { return os.ErrNoDeadline }

// SetWriteDeadline returns os.ErrNoDeadline.
func (k *Conn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }
