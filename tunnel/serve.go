package tunnel

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Serve accepts clients from the listeners, which it owns and closes, until
// ctx is done or the tunnel was drained, and returns when every session has
// ended. When ctx is done, data connections are reset and clients get a 421.
//
// It returns nil if it was stopped, and the error of a listener that failed;
// the sessions are then drained first.
func (t *Tunnel) Serve(ctx context.Context, ls ...net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	v := &server{t: t, ctx: ctx, limits: t.Limits.filled(), draining: make(chan struct{})}
	failed := make(chan error, len(ls))
	var accepting sync.WaitGroup
	for _, l := range ls {
		accepting.Go(func() { failed <- v.acceptAll(l) })
	}
	var err error
	select {
	case <-ctx.Done():
	case <-t.drain():
	case err = <-failed:
	}
	close(v.draining)
	for _, l := range ls {
		l.Close()
	}
	accepting.Wait()
	defer time.AfterFunc(v.limits.Grace, cancel).Stop()
	v.wg.Wait()
	return err
}

// server is one call of Serve.
type server struct {
	t        *Tunnel
	ctx      context.Context
	limits   Limits
	draining chan struct{} // closed when no session may become idle and stay
	wg       sync.WaitGroup

	turningAway atomic.Int32 // those who are told so
}

// acceptAll accepts from l until that fails for good.
func (v *server) acceptAll(l net.Listener) error {
	var wait time.Duration
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
			wait = 0
			v.admit(c, l)
		case !temporary(err):
			return err
		default:
			// Out of descriptors: those in use are given back in time.
			wait = min(max(2*wait, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(wait):
			case <-v.draining:
				return nil
			}
		}
	}
}

// temporary reports whether an error of Accept will not last.
func temporary(err error) bool {
	var e syscall.Errno
	return errors.As(err, &e) && e.Temporary()
}

// admit starts the session of an accepted client, or turns it away.
func (v *server) admit(c net.Conn, l net.Listener) {
	peer := addrPort(c.RemoteAddr()).Addr()
	id, why, ok := v.t.enter(peer, v.limits)
	if !ok {
		v.t.observe(Refused{Peer: c.RemoteAddr(), Why: why})
		v.turnAway(c, "421 Too many connections.\r\n")
		return
	}
	v.wg.Go(func() {
		defer v.t.leave(peer)
		v.serve(id, c, l.Addr())
	})
}

// acceptedAt is the address on which a client was accepted, as far as it is
// known, and the host to listen on for its data connections.
//
// Through an SSH server the first is the listener's. That may stand for both
// loopback addresses, for every address or for a name; and servers bind their
// loopback where another address was asked for, or every address where it was
// their loopback (OpenSSH's GatewayPorts). The client's address tells.
func acceptedAt(c net.Conn, l net.Addr) (local netip.Addr, bind string) {
	local = addrPort(c.LocalAddr()).Addr()
	if !local.IsValid() {
		local = addrPort(l).Addr()
	}
	if !local.IsValid() || local.IsUnspecified() {
		return netip.Addr{}, boundHost(l)
	}
	if _, ours := c.(syscall.Conn); ours {
		return local, local.String()
	}
	peer := addrPort(c.RemoteAddr()).Addr()
	switch {
	case peer.IsLoopback() && (!local.IsLoopback() || local.Is4() != peer.Is4()):
		local = loopbacks[0]
		if peer.Is6() {
			local = loopbacks[1]
		}
	case peer.IsValid() && !peer.IsLoopback() && local.IsLoopback():
		return netip.Addr{}, boundHost(l)
	}
	return local, local.String()
}

// boundHost is the host that a listener was asked to listen on; empty for every
// address.
func boundHost(l net.Addr) string {
	host, _, err := net.SplitHostPort(l.String())
	if err != nil {
		return ""
	}
	return host
}

// serve checks whose a client is and runs its session.
func (v *server) serve(id uint64, c net.Conn, l net.Addr) {
	owner, err := ownerOf(c)
	if why, refused := v.refusesUser(owner, err); refused {
		v.t.observe(Refused{Session: id, Peer: c.RemoteAddr(), Why: why})
		abort(c)
		return
	}
	readInline(c)
	s := newSession(v, id, c, l, owner)
	s.run()
}

// refusesUser reports whether a control connection of this owner is refused. A
// connection whose owner cannot be told is served all the same: then its
// address alone decides who gets its data.
func (v *server) refusesUser(o owner, err error) (Refusal, bool) {
	switch {
	case errors.Is(err, errNoOwner):
		return UnknownUser, true
	case v.t.SameUser && o.local && !o.isSelf():
		return ForeignUser, true
	}
	return 0, false
}

// turnAway tells a client why it is not served. Those that take long to listen
// are cut short when they become many.
func (v *server) turnAway(c net.Conn, reply string) {
	const most = 64
	if v.turningAway.Add(1) > most {
		v.turningAway.Add(-1)
		abort(c)
		return
	}
	v.wg.Go(func() {
		v.dismiss(c, reply)
		v.turningAway.Add(-1)
	})
}

// dismiss sends a last reply and closes c. Closing at once could reset the
// connection, and the client would never read the reply.
func (v *server) dismiss(c net.Conn, reply string) {
	defer c.Close()
	defer time.AfterFunc(2*time.Second, func() { c.Close() }).Stop()
	defer context.AfterFunc(v.ctx, func() { c.Close() })()
	if _, err := c.Write([]byte(reply)); err != nil || closeWrite(c) != nil {
		return
	}
	buf := make([]byte, 512)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}
