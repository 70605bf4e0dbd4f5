package sshconn

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"
)

// cancelTimeout bounds the wait for the answer to cancel-tcpip-forward.
const cancelTimeout = 10 * time.Second

// forwardMsg is the payload of tcpip-forward and cancel-tcpip-forward: RFC
// 4254, section 7.1.
type forwardMsg struct {
	Host string
	Port uint32
}

// errRefused is the server's refusal of a global request.
var errRefused = errors.New("request denied")

// listen asks the server to listen, or takes a forward that is idle. For port 0
// it asks a few times: the server may grant a port that was retired before, or
// one at which nothing arrives.
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
		if ok && c.exposes(ctx, l) && !c.cfg.ExposedForwards {
			l.Retire()
			return nil, &ListenError{Addr: address, Exposed: true}
		}
		if ok {
			c.fwd.forget(l.w)
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
	return nil, &ListenError{Addr: address, Elsewhere: true}
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
