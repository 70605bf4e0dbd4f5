package tunnel

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"ftptunnel/ftpinspect"
)

// end is one of the two ends of a data connection: what yields its connections.
type end struct {
	peer Peer
	ftpinspect.End

	ready    bool // it is listened for, or dialled as far as was asked
	yielded  bool // a connection has come
	listener net.Listener
}

func portText(p uint16) string { return strconv.Itoa(int(p)) }

// address is where the end is listened for; the zero value if it is dialled.
func (n *end) address() netip.AddrPort {
	if n.listener == nil {
		return netip.AddrPort{}
	}
	return addrPort(n.listener.Addr())
}

// closeListener closes the listener of an end, if there is one. The session does
// not wait for it if that may have to wait for another machine.
func (s *session) closeListener(n *end) {
	l := n.listener
	n.listener = nil
	switch l.(type) {
	case nil:
	case localListener, *merged:
		l.Close()
	default:
		s.wg.Go(func() { l.Close() })
	}
}

// retire closes the listener for good, if its side knows how.
func (s *session) retire(n *end) {
	if l, ok := n.listener.(interface{ Retire() error }); ok {
		s.wg.Go(func() { l.Retire() })
		n.listener = nil
	}
}

// side is the network that an end is in.
func (s *session) side(p Peer) Side {
	if p == Client {
		return s.t.clientSide()
	}
	return s.t.serverSide()
}

// listen opens the listener of an end.
func (d *dataConn) listen(n *end) {
	l, err := d.s.side(n.peer).Listen(d.ctx, "tcp", d.address(n))
	if !d.s.post(func() { d.listening(n, l, err) }) && err == nil {
		l.Close()
	}
}

// listening takes a listener over.
func (d *dataConn) listening(n *end, l net.Listener, err error) {
	switch {
	case err != nil:
		d.fail(n, err)
	case d.closed:
		d.s.closeListener(&end{listener: l})
	default:
		n.listener, n.ready = l, true
		d.s.wg.Go(func() { d.acceptAll(n, l) })
		d.answer()
	}
}

// acceptAll hands on those who connect and are not strangers, until the
// listener is closed: the client's takes one connection.
func (d *dataConn) acceptAll(n *end, l net.Listener) {
	for {
		c, err := l.Accept()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			tcpListener(l).SetDeadline(time.Time{})
			d.s.post(d.emptyHanded)
			continue
		}
		if err != nil {
			d.s.post(func() { d.ceased(err) })
			return
		}
		if why, refused := d.refuses(n.peer, c); refused {
			abort(c)
			d.s.t.observe(Refused{Session: d.s.id, Peer: c.RemoteAddr(), Why: why})
			d.s.post(d.s.lookAround)
			continue
		}
		if !d.s.post(func() { d.arrived(n, c) }) {
			abort(c)
			return
		}
		if n.peer == Client {
			return
		}
	}
}

// dialServer dials the server's end.
func (d *dataConn) dialServer() {
	n := &d.ends[Server]
	c, err := dialWithin(d.ctx, d.s.limits.Dial, func(ctx context.Context) (net.Conn, error) {
		return d.s.t.serverSide().DialContext(ctx, "tcp", d.address(n))
	})
	if !d.s.post(func() { d.dialled(n, c, err) }) && err == nil {
		abort(c)
	}
}

// dialled takes a connection of the server's end over.
func (d *dataConn) dialled(n *end, c net.Conn, err error) {
	if err != nil {
		d.fail(n, err)
		return
	}
	n.ready = true
	d.answer()
	d.arrived(n, c)
}

// dialClientNow is for an end that had to wait for the transfer.
func (d *dataConn) dialClientNow() {
	d.dialNow = true
	for _, p := range d.pairs {
		p.completeEnds()
	}
}

// dialClient dials the client's end of a pair, from the address that the
// client knows. A third host knows none, and may be out of its reach.
func (p *pair) dialClient() {
	d := p.d
	c, err := dialWithin(d.ctx, d.s.limits.Dial, func(ctx context.Context) (net.Conn, error) {
		address := d.address(&d.ends[Client])
		side, ok := d.s.t.clientSide().(sourceDialer)
		if ok && d.s.local.IsValid() && d.clientHost() == d.s.clientAddr.Addr().String() {
			return side.DialFrom(ctx, d.s.local, "tcp", address)
		}
		return d.s.t.clientSide().DialContext(ctx, "tcp", address)
	})
	if !d.s.post(func() { p.clientDialled(c, err) }) && err == nil {
		abort(c)
	}
}

// clientDialled takes a connection to the client over.
func (p *pair) clientDialled(c net.Conn, err error) {
	d := p.d
	switch {
	case err != nil && p.ended:
	case err != nil:
		n := &d.ends[Client]
		d.s.t.observe(DataFailed{Session: d.s.id, End: Client, Address: d.address(n), Err: err})
		p.breakOff(err)
	case p.ended:
		d.s.dispose(c, abort)
	default:
		d.ends[Client].yielded = true
		p.conns[Client] = c
		p.completeEnds()
	}
}
