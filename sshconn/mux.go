//go:build unix

package sshconn

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Messages of OpenSSH's PROTOCOL.mux, version 4.
const (
	muxHello        = 0x00000001
	muxAliveCheck   = 0x10000004
	muxOpenForward  = 0x10000006
	muxCloseForward = 0x10000007
	muxNewStdio     = 0x10000008

	muxOK            = 0x80000001
	muxDenied        = 0x80000002
	muxFailure       = 0x80000003
	muxAlive         = 0x80000005
	muxSessionOpened = 0x80000006
	muxRemotePort    = 0x80000007

	muxVersion       = 4
	muxForwardRemote = 2
	muxStreamLocal   = 0xfffffffe // the port of a socket that has a path
	muxMaxPacket     = 256 << 10
	muxTimeout       = 10 * time.Second
)

// muxConn is a connection to the control socket of a master. One request is
// under way at a time.
type muxConn struct {
	*net.UnixConn
	id uint32
}

// muxError is a master's refusal.
type muxError struct{ text string }

func (e *muxError) Error() string { return e.text }

// dialMux connects to a master and exchanges hellos.
func dialMux(ctx context.Context, path string) (*muxConn, error) {
	limited, cancel := context.WithTimeout(ctx, muxTimeout)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(limited, "unix", path)
	if err != nil {
		return nil, err
	}
	m := &muxConn{UnixConn: c.(*net.UnixConn)}
	m.SetDeadline(time.Now().Add(muxTimeout))
	if err = m.hello(); err != nil {
		m.Close()
		return nil, err
	}
	m.SetDeadline(time.Time{})
	return m, nil
}

func (m *muxConn) hello() error {
	if err := m.send(putMux(muxHello, muxVersion)); err != nil {
		return err
	}
	r, err := m.receive()
	if err != nil {
		return err
	}
	if kind, version := r.uint32(), r.uint32(); r.bad || kind != muxHello || version != muxVersion {
		return fmt.Errorf("control socket speaks another protocol (%d, %d)", kind, version)
	}
	return nil
}

// putMux makes a message of numbers and strings.
func putMux(fields ...any) []byte {
	var b []byte
	for _, f := range fields {
		switch f := f.(type) {
		case int:
			b = binary.BigEndian.AppendUint32(b, uint32(f))
		case uint32:
			b = binary.BigEndian.AppendUint32(b, f)
		case string:
			b = binary.BigEndian.AppendUint32(b, uint32(len(f)))
			b = append(b, f...)
		}
	}
	return b
}

func (m *muxConn) send(msg []byte) error {
	_, err := m.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(msg))), msg...))
	return err
}

func (m *muxConn) receive() (*wireReader, error) {
	var head [4]byte
	if _, err := io.ReadFull(m, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > muxMaxPacket {
		return nil, errors.New("control socket: message too long")
	}
	msg := make([]byte, n)
	_, err := io.ReadFull(m, msg)
	return &wireReader{data: msg}, err
}

// request sends a request, with descriptors after it, and reads the answer,
// which is of the wanted kind or a muxError.
func (m *muxConn) request(want uint32, kind int, files []*os.File, fields ...any) (*wireReader, error) {
	m.id++
	if err := m.send(append(putMux(kind, m.id), putMux(fields...)...)); err != nil {
		return nil, err
	}
	for _, f := range files {
		if _, _, err := m.WriteMsgUnix([]byte{0}, syscall.UnixRights(int(f.Fd())), nil); err != nil {
			return nil, err
		}
	}
	r, err := m.receive()
	if err != nil {
		return nil, err
	}
	got, id := r.uint32(), r.uint32()
	switch {
	case r.bad || id != m.id:
		return nil, errors.New("control socket: answer out of order")
	case got == want:
		return r, nil
	case got == muxDenied || got == muxFailure:
		return nil, &muxError{string(r.string())}
	}
	return nil, fmt.Errorf("control socket: unexpected answer %#x", got)
}

// muxPipe makes a one-way connection: an end of ours and one for the master.
func muxPipe() (ours *net.UnixConn, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, err
	}
	file := os.NewFile(uintptr(fds[0]), "mux")
	defer file.Close()
	theirs = os.NewFile(uintptr(fds[1]), "mux")
	c, err := net.FileConn(file)
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return c.(*net.UnixConn), theirs, nil
}
