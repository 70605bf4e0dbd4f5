//go:build unix

package sshconn

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
)

// dial makes the master open a connection.
func (m *master) dial(ctx context.Context, address string) (net.Conn, error) {
	host, port, err := splitAddress(address)
	if err != nil {
		return nil, err
	}
	ctl, err := dialMux(ctx, m.path)
	if err != nil {
		return nil, m.failed(ctx, err)
	}
	k, err := m.connect(ctx, ctl, host, port)
	if err != nil {
		var refused *muxError
		if errors.As(err, &refused) {
			return nil, &ForwardError{Addr: address, Reason: ConnectFailed, Text: strings.ToLower(refused.text)}
		}
		return nil, m.failed(ctx, err)
	}
	k.remote = Addr(address)
	return k, nil
}

// failed words a failure: ctx has ended, or the master has.
func (m *master) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if m.ctx.Err() != nil || !m.alive() || m.check() != nil {
		return m.endError()
	}
	return err
}

// connect sends the request for one connection and waits for the answer, at most
// until ctx, the client or the master ends. Leaving before the answer does no harm
// to the master (OpenSSH 9.2).
func (m *master) connect(ctx context.Context, ctl *muxConn, host string, port uint16) (*masterConn, error) {
	read, theirOut, err := muxPipe()
	if err != nil {
		ctl.Close()
		return nil, err
	}
	defer theirOut.Close()
	write, theirIn, err := muxPipe()
	if err != nil {
		ctl.Close()
		read.Close()
		return nil, err
	}
	defer theirIn.Close()
	k := &masterConn{m: m, ctl: ctl, read: read, write: write}
	m.riders.Add(1)
	m.sent()
	leave := func() { ctl.Close() }
	stay, remain := context.AfterFunc(ctx, leave), context.AfterFunc(m.ctx, leave)
	_, err = ctl.request(muxSessionOpened, muxNewStdio, []*os.File{theirIn, theirOut}, "", host, uint32(port))
	stayed, remained := stay(), remain()
	if err == nil && !(stayed && remained) {
		err = net.ErrClosed
	}
	var refused *muxError
	if err == nil || errors.As(err, &refused) {
		m.heard.Add(1)
	}
	if err != nil {
		m.riders.Add(-1)
		k.release()
		return nil, err
	}
	k.leave = context.AfterFunc(m.ctx, k.release)
	return k, nil
}
