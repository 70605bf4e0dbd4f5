package sshconn

import (
	"net"
	"sync"

	"golang.org/x/crypto/ssh"
)

// arrival is a forwarded connection that waits for Accept.
type arrival struct {
	nc   ssh.NewChannel
	from net.Addr
}

// Listener is a remote forward: the SSH server listens, and what arrives there
// comes out of Accept. Safe for concurrent use.
type Listener struct {
	f     *forwards
	w     *forward
	queue chan arrival
	done  chan struct{}
	once  sync.Once
}

// Accept waits for a connection. It returns net.ErrClosed after Close or
// Retire, and a [*LostError] when the SSH connection is gone.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		select {
		case a := <-l.queue:
			ch, reqs, err := a.nc.Accept()
			if err != nil {
				continue // the peer was faster, or the connection is gone
			}
			k, err := newConn(l.f.c, ch, reqs, l.Addr(), a.from)
			if err != nil {
				return nil, err
			}
			return k, nil
		case <-l.done:
			return nil, net.ErrClosed
		case <-l.f.c.done:
			return nil, l.f.c.endError()
		}
	}
}

// Close ends the listener and rejects what still waits. The server goes on
// listening: the port is kept for the next Listen that asks for the same.
func (l *Listener) Close() error { return l.end(false) }

// Retire ends the listener, cancels the forward and hands the port out no more, but
// to who asks for its number: for a port that somebody raced for.
func (l *Listener) Retire() error { return l.end(true) }

func (l *Listener) end(burn bool) error {
	err := net.ErrClosed
	l.once.Do(func() {
		err = nil
		cancel := l.f.release(l.w, burn)
		close(l.done)
		l.drain()
		if cancel {
			l.f.c.begin(func() { l.f.cancel(l.w) })
		}
	})
	return err
}

// drain rejects what arrived and was not accepted; nothing is added any more.
func (l *Listener) drain() {
	for {
		select {
		case a := <-l.queue:
			a.nc.Reject(ssh.Prohibited, "nobody expects this connection")
		default:
			return
		}
	}
}

// Addr returns where the server listens, with the port that it granted. The
// address is the one that was asked for; servers may bind another.
func (l *Listener) Addr() net.Addr {
	ip := net.ParseIP(l.w.host)
	if ip == nil && (l.w.host == "localhost") {
		ip = net.IPv4(127, 0, 0, 1)
	}
	return &net.TCPAddr{IP: ip, Port: int(l.w.port)}
}
