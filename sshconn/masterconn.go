//go:build unix

package sshconn

import (
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// masterConn is a connection through a master: a pipe each way and the control
// connection that keeps it open.
type masterConn struct {
	m             *master
	ctl           *muxConn // nil for a forwarded connection
	read, write   *net.UnixConn
	local, remote net.Addr
	closed        atomic.Bool
	leave         func() bool // release no more when the master ends
}

// Read returns io.EOF for the peer's end of file only: the master is asked.
func (k *masterConn) Read(p []byte) (int, error) {
	n, err := k.read.Read(p)
	if err == nil || n > 0 {
		k.m.heard.Add(1)
		return n, nil
	}
	return 0, k.end(err)
}

func (k *masterConn) Write(p []byte) (int, error) {
	k.m.sent()
	n, err := k.write.Write(p)
	if err != nil {
		err = k.end(err)
	}
	return n, err
}

// end tells why a read or a write has ended.
func (k *masterConn) end(err error) error {
	var timeout net.Error
	switch {
	case k.closed.Load():
		return net.ErrClosed
	case errors.As(err, &timeout) && timeout.Timeout():
		return err
	case k.m.ctx.Err() != nil || !k.m.alive() || k.m.check() != nil:
		return k.m.endError()
	}
	return err
}

// CloseWrite sends the peer an end of file.
func (k *masterConn) CloseWrite() error { return k.write.CloseWrite() }

// Close closes both directions.
func (k *masterConn) Close() error {
	if k.closed.Swap(true) {
		return net.ErrClosed
	}
	k.m.riders.Add(-1)
	k.leave()
	k.release()
	return nil
}

// Abort closes the connection at once; the far peer sees an end of file.
func (k *masterConn) Abort() error { return k.Close() }

func (k *masterConn) release() {
	k.read.Close()
	if k.write != k.read {
		k.write.Close()
	}
	if k.ctl != nil {
		k.ctl.Close()
	}
}

func (k *masterConn) LocalAddr() net.Addr {
	if k.local != nil {
		return k.local
	}
	return Addr("originator")
}
func (k *masterConn) RemoteAddr() net.Addr               { return k.remote }
func (k *masterConn) SetReadDeadline(t time.Time) error  { return k.read.SetReadDeadline(t) }
func (k *masterConn) SetWriteDeadline(t time.Time) error { return k.write.SetWriteDeadline(t) }
func (k *masterConn) SetDeadline(t time.Time) error {
	return errors.Join(k.read.SetReadDeadline(t), k.write.SetWriteDeadline(t))
}
