//go:build unix

package sshconn

import (
	"context"
	"errors"
	"net"
	"sync"
)

// masterListener is a remote forward of a master. What arrives at the server's
// port arrives at a socket in a folder that only the user can enter; who sent it
// the master does not tell.
type masterListener struct {
	m    *master
	sock *net.UnixListener
	path string
	host string
	port uint16 // as it was asked for
	addr *net.TCPAddr
	once sync.Once
}

// listen makes the master listen.
func (m *master) listen(ctx context.Context, address string) (net.Listener, error) {
	host, port, err := splitAddress(address)
	if err != nil {
		return nil, err
	}
	l := &masterListener{m: m, path: m.socket(), host: host, port: port}
	if l.sock, err = net.ListenUnix("unix", &net.UnixAddr{Name: l.path, Net: "unix"}); err != nil {
		return nil, err
	}
	granted, err := m.forward(ctx, l)
	if err != nil {
		l.sock.Close()
		var refused *muxError
		if errors.As(err, &refused) {
			return nil, &ListenError{Addr: address, Policy: port == 0}
		}
		return nil, m.failed(ctx, err)
	}
	ip := net.ParseIP(host)
	if host == "localhost" {
		ip = net.IPv4(127, 0, 0, 1)
	}
	l.addr = &net.TCPAddr{IP: ip, Port: int(granted)}
	m.riders.Add(1)
	m.mu.Lock()
	m.open[l] = true
	m.mu.Unlock()
	if !m.alive() {
		l.sock.Close() // it may have ended before it could close the listener
	}
	return l, nil
}

// forward has the master ask for a remote forward and returns the port that was
// granted. If ctx ends before the answer comes, a forward that is granted later
// is cancelled.
func (m *master) forward(ctx context.Context, l *masterListener) (uint16, error) {
	type granted struct {
		port uint16
		err  error
	}
	answer, gone := make(chan granted), make(chan struct{})
	defer close(gone)
	ask := func() {
		port, err := m.askForward(l)
		select {
		case answer <- granted{port, err}:
		case <-gone:
			var refused *muxError
			if !errors.As(err, &refused) {
				l.cancel()
			}
		}
	}
	if !m.begin(ask) {
		return 0, net.ErrClosed
	}
	select {
	case g := <-answer:
		return g.port, g.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// askForward sends the request and waits for the answer, until the master ends or
// the client does.
func (m *master) askForward(l *masterListener) (uint16, error) {
	ctx := m.ctx
	ctl, err := dialMux(ctx, m.path)
	if err != nil {
		return 0, err
	}
	defer ctl.Close()
	defer context.AfterFunc(ctx, func() { ctl.Close() })()
	want := uint32(muxOK)
	if l.port == 0 {
		want = muxRemotePort
	}
	r, err := ctl.request(want, muxOpenForward, nil, muxForwardRemote, l.host, uint32(l.port), l.path, uint32(muxStreamLocal))
	if err != nil || l.port != 0 {
		return l.port, err
	}
	port := r.uint32()
	if r.bad || port == 0 || port > 65535 {
		return 0, errors.New("control socket: no port in the answer")
	}
	return uint16(port), nil
}

// Accept waits for a connection.
func (l *masterListener) Accept() (net.Conn, error) {
	c, err := l.sock.AcceptUnix()
	if err != nil {
		if !l.m.alive() {
			return nil, l.m.endError()
		}
		return nil, net.ErrClosed
	}
	l.m.heard.Add(1)
	l.m.riders.Add(1)
	k := &masterConn{m: l.m, read: c, write: c, local: l.addr, remote: Addr("unknown")}
	k.leave = context.AfterFunc(l.m.ctx, k.release)
	return k, nil
}

// Close cancels the forward, naming the port as it was asked for.
func (l *masterListener) Close() error {
	err := net.ErrClosed
	l.once.Do(func() {
		err = nil
		l.m.riders.Add(-1)
		l.m.mu.Lock()
		delete(l.m.open, l)
		l.m.mu.Unlock()
		l.m.begin(l.cancel)
		l.sock.Close()
	})
	return err
}

// Retire closes the listener: a master's ports are not pooled.
func (l *masterListener) Retire() error { return l.Close() }

func (l *masterListener) cancel() {
	ctx, stop := context.WithTimeout(context.Background(), cancelTimeout)
	defer stop()
	ctl, err := dialMux(ctx, l.m.path)
	if err != nil {
		return
	}
	defer ctl.Close()
	defer context.AfterFunc(ctx, func() { ctl.Close() })()
	ctl.request(muxOK, muxCloseForward, nil, muxForwardRemote, l.host, uint32(l.port), l.path, uint32(muxStreamLocal))
}

// Addr returns where the server listens.
func (l *masterListener) Addr() net.Addr { return l.addr }
