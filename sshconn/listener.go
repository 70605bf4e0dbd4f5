package sshconn

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// cancelTimeout bounds the wait for the answer to cancel-tcpip-forward.
const cancelTimeout = 10 * time.Second

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

// Retire ends the listener, cancels the forward and never hands the port out
// again: for a port that somebody raced for.
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

// forwardMsg is the payload of tcpip-forward and cancel-tcpip-forward: RFC
// 4254, section 7.1.
type forwardMsg struct {
	Host string
	Port uint32
}

// errRefused is the server's refusal of a global request.
var errRefused = errors.New("request denied")

// listen asks the server to listen, or takes a forward that is idle.
func (c *connection) listen(ctx context.Context, address string) (*Listener, error) {
	host, port, err := splitAddress(address)
	if err != nil {
		return nil, err
	}
	for range 4 {
		l := c.fwd.take(host, port)
		if l == nil {
			w, err := c.forward(ctx, host, port)
			if errors.Is(err, errRefused) {
				return nil, &ListenError{Addr: address, Policy: c.refusesForwards(ctx, host, port)}
			} else if err != nil {
				return nil, err
			}
			if l = c.fwd.add(w); l == nil {
				continue
			}
		}
		ok, err := c.confirmed(ctx, l)
		if ok {
			return l, nil
		}
		l.Retire()
		if err != nil {
			return nil, err
		}
		if port != 0 {
			break
		}
	}
	return nil, &ListenError{Addr: address}
}

// refusesForwards finds out whether the server refuses every remote forward:
// it words a port in use and a prohibition alike.
func (c *connection) refusesForwards(ctx context.Context, host string, port uint16) bool {
	if port == 0 {
		return true
	}
	w, err := c.forward(ctx, host, 0)
	if err != nil {
		return errors.Is(err, errRefused)
	}
	if l := c.fwd.add(w); l != nil {
		l.Close()
	}
	return false
}

// forward sends one tcpip-forward. If ctx ends before the answer comes, a
// forward that was granted is kept for the next one who asks.
func (c *connection) forward(ctx context.Context, host string, port uint16) (*forward, error) {
	type granted struct {
		w   *forward
		err error
	}
	answer, gone := make(chan granted), make(chan struct{})
	defer close(gone)
	ask := func() {
		w, err := c.askForward(host, port)
		select {
		case answer <- granted{w, err}:
		case <-gone:
			if err == nil {
				if l := c.fwd.add(w); l != nil {
					l.Close()
				}
			}
		}
	}
	if !c.begin(ask) {
		return nil, c.endError()
	}
	select {
	case g := <-answer:
		return g.w, g.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-c.done:
		return nil, c.endError()
	}
}

// askForward sends tcpip-forward and reads the port that was granted.
func (c *connection) askForward(host string, port uint16) (*forward, error) {
	ok, reply, err := c.ssh.SendRequest("tcpip-forward", true, ssh.Marshal(&forwardMsg{host, uint32(port)}))
	if err != nil {
		return nil, c.endError()
	}
	if !ok {
		return nil, errRefused
	}
	w := &forward{host: host, asked: port, port: port}
	if port == 0 {
		var got struct{ Port uint32 }
		if err := ssh.Unmarshal(reply, &got); err != nil || got.Port == 0 || got.Port > 65535 {
			return nil, &ListenError{Addr: net.JoinHostPort(host, strconv.Itoa(int(port)))}
		}
		w.port = uint16(got.Port)
	}
	return w, nil
}

// cancel asks the server to end a forward. Dropbear refuses always, and a
// frozen server never answers: then arrivals are rejected here.
func (f *forwards) cancel(w *forward) {
	answered := make(chan bool, 1)
	f.c.begin(func() {
		ok, _, err := f.c.ssh.SendRequest("cancel-tcpip-forward", true,
			ssh.Marshal(&forwardMsg{w.host, uint32(w.port)}))
		answered <- ok && err == nil
	})
	timer := time.NewTimer(cancelTimeout)
	defer timer.Stop()
	select {
	case ok := <-answered:
		if ok {
			f.drop(w)
		}
	case <-timer.C:
	case <-f.c.done:
	}
}
