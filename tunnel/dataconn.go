package tunnel

import (
	"context"
	"net"
	"net/netip"

	"ftptunnel/ftpinspect"
)

// dataConn is a data connection that the dialogue has announced: its two ends,
// and the pairs of connections that come of them. It is owned by its session's
// goroutine.
//
// An end that dials and the client's listening end yield one connection; an
// active server's end yields a further one for every transfer that was begun
// (ProFTPD 1.3.8 dials the same PORT address again).
type dataConn struct {
	s      *session
	want   ftpinspect.Expect
	ctx    context.Context // of its dials and listens
	cancel context.CancelFunc

	ends     [2]end // by Peer
	expected bool   // its Expect came; before, the server's end is dialled ahead
	answered bool   // Met or Unmet was reported
	closed   bool   // its ends yield nothing more
	dialNow  bool   // DialClient came
	shut     bool   // Shut came
	keeps    bool   // KeepListing came, for the next transfer

	pairs    []*pair
	waiting  []*transfer // begun, and their connections still to come
	arrivals int         // of the server, where we listen for it
	begins   int
	unused   *alarm // the expectation's time limit
}

// enter begins a data connection. It returns nil if there are too many.
func (s *session) enter(id ftpinspect.ID, server ftpinspect.End) *dataConn {
	s.trim()
	if !s.t.enterData(s.limits) {
		return nil
	}
	d := &dataConn{s: s, want: ftpinspect.Expect{ID: id}}
	d.ctx, d.cancel = context.WithCancel(s.ctx)
	d.ends[Server] = end{peer: Server, End: server}
	s.data[id] = d
	return d
}

// dialAhead dials the server's end of a data connection that may be expected
// next. Without room for it that end is dialled when it is.
func (s *session) dialAhead(a ftpinspect.DialAhead) {
	if d := s.enter(a.ID, a.Server); d != nil {
		s.wg.Go(d.dialServer)
	}
}

// expect makes a data connection possible.
func (s *session) expect(e ftpinspect.Expect) {
	d := s.data[e.ID]
	ahead := d != nil
	if !ahead {
		d = s.enter(e.ID, e.Server)
	}
	if d == nil {
		s.report(func(i *ftpinspect.Session) []ftpinspect.Effect {
			return i.Unmet(e.ID, ftpinspect.ClientSide, errTooManyData)
		})
		return
	}
	d.want, d.expected = e, true
	d.ends[Client] = end{peer: Client, End: e.Client, ready: !e.Client.Listen}
	server := &d.ends[Server]
	server.ready = server.ready || !e.Server.Listen && !e.DialFirst
	for i := range d.ends {
		if n := &d.ends[i]; n.Listen {
			s.wg.Go(func() { d.listen(n) })
		}
	}
	if !ahead && !e.Server.Listen {
		s.wg.Go(d.dialServer)
	}
	d.answer()
	for _, p := range d.pairs {
		p.completeEnds()
	}
}

// answer reports that the expectation is met, once that is so.
func (d *dataConn) answer() {
	client, server := &d.ends[Client], &d.ends[Server]
	if !d.expected || d.answered || d.closed || !client.ready || !server.ready {
		return
	}
	d.answered = true
	id, at := d.want.ID, ftpinspect.Listeners{Client: client.address(), Server: server.address()}
	d.s.report(func(i *ftpinspect.Session) []ftpinspect.Effect { return i.Met(id, at) })
	if client.Listen || server.Listen {
		d.unused = d.s.alarms.after(d.s.limits.Expectation, d.expire)
	}
}

// expire ends an expectation that a listener of has stayed unused.
func (d *dataConn) expire() {
	used := func(n *end) bool { return !n.Listen || n.yielded }
	if !d.closed && !(used(&d.ends[Client]) && used(&d.ends[Server])) {
		d.close(errUnused)
		d.broken(errUnused)
	}
}

// fail ends an expectation one end of which cannot be made.
func (d *dataConn) fail(n *end, err error) {
	if d.over() {
		d.tidy()
		return
	}
	if !d.expected {
		d.failAhead(err)
		return
	}
	d.s.t.observe(DataFailed{Session: d.s.id, End: n.peer, Listen: n.Listen, Address: d.address(n), Err: err})
	d.close(err)
	for _, t := range d.waiting {
		t.err = err // it may be that only a listener was closed before
	}
	id, answered := d.want.ID, d.answered
	d.answered = true
	switch {
	case !answered:
		d.dropHalves(err)
		side := ftpinspect.ClientSide
		if n.peer == Server {
			side = ftpinspect.ServerSide
		}
		d.s.report(func(i *ftpinspect.Session) []ftpinspect.Effect { return i.Unmet(id, side, err) })
	case n.peer == Server && !n.Listen:
		d.dropHalves(err)
		d.s.report(func(i *ftpinspect.Session) []ftpinspect.Effect { return i.DialFailed(id, err) })
	}
}

// failAhead gives up a dial ahead that has failed. Nothing was promised to the
// client, so nobody else is told.
func (d *dataConn) failAhead(err error) {
	d.close(err)
	d.tidy()
	id := d.want.ID
	d.s.report(func(i *ftpinspect.Session) []ftpinspect.Effect { return i.DialFailed(id, err) })
}

// ceased ends an expectation whose listener has failed, as all do with a lost
// transport.
func (d *dataConn) ceased(err error) {
	if !d.closed {
		d.close(err)
		d.broken(err)
	}
}

// broken ends what is not yet joined, and reports that nothing else will come.
func (d *dataConn) broken(err error) {
	reported := false
	for _, p := range d.pairs {
		if !p.joined && !p.ended {
			p.breakOff(err)
			reported = true
		}
	}
	if !reported && len(d.pairs) == 0 {
		d.reportEnded(ftpinspect.Outcome{Broken: err})
	}
	d.tidy()
}

func (d *dataConn) reportEnded(o ftpinspect.Outcome) {
	id := d.want.ID
	d.s.report(func(i *ftpinspect.Session) []ftpinspect.Effect { return i.Ended(id, o) })
}

// live reports whether a connection of d has not ended.
func (d *dataConn) live() bool {
	for _, p := range d.pairs {
		if !p.ended {
			return true
		}
	}
	return false
}

// busy reports whether a transfer is using d.
func (d *dataConn) busy() bool {
	for _, p := range d.pairs {
		if !p.ended && p.transfer != nil {
			return true
		}
	}
	return false
}

// clientHost is where the client's end is dialled. What the dialogue names has
// no zone, which a link-local address needs.
func (d *dataConn) clientHost() string {
	peer := d.s.clientAddr.Addr()
	host := d.ends[Client].Host
	if a, err := netip.ParseAddr(host); host == "" || err == nil && a == peer.WithZone("") {
		return peer.String()
	}
	return host
}

// address is where an end is dialled, or listened for.
func (d *dataConn) address(n *end) string {
	host := n.Host
	switch {
	case n.peer == Client && n.Listen && host == "":
		host = d.s.bind
	case n.peer == Client && !n.Listen:
		host = d.clientHost()
	case n.peer == Server && !n.Listen && host == "":
		host = d.s.serverHost
	}
	return net.JoinHostPort(host, portText(n.Port))
}
