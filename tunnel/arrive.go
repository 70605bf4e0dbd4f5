package tunnel

import (
	"net"
)

// arrived takes a connection over that an end has yielded.
func (d *dataConn) arrived(n *end, c net.Conn) {
	active := n.peer == Server && n.Listen
	switch {
	case d.over():
		d.s.dispose(c, abort)
		d.tidy()
		return
	case active && d.raced():
		d.race(n, c)
		return
	case active:
		d.arrivals++
	}
	n.yielded = true
	if n.Listen && n.peer == Client {
		d.s.closeListener(n)
	}
	p := d.halfWithout(n.peer)
	p.conns[n.peer] = c
	if d.shut && n.peer == Server {
		p.shutServer()
	}
	p.completeEnds()
	d.s.lookAround()
}

// raced reports whether one more arrival means that somebody raced for the port
// of an active server: there is a connection already, and no transfer was begun
// that another could be for.
func (d *dataConn) raced() bool {
	if d.arrivals == 0 {
		return false
	}
	return d.arrivals > d.begins || d.arrivals == d.begins && d.live()
}

// race resets the connection that has come and the ones that are under way:
// nobody can tell which of them is the server's.
func (d *dataConn) race(n *end, c net.Conn) {
	d.s.t.observe(Refused{Session: d.s.id, Peer: c.RemoteAddr(), Why: RacedForPort})
	d.s.dispose(c, abort)
	d.s.retire(n)
	d.close(errRaced)
	for _, p := range d.pairs {
		p.breakOff(errRaced)
	}
	d.tidy()
}

// halfWithout is the pair that lacks a connection of this peer, or a new one.
func (d *dataConn) halfWithout(peer Peer) *pair {
	for _, p := range d.pairs {
		if !p.ended && p.conns[peer] == nil {
			return p
		}
	}
	p := &pair{d: d}
	d.pairs = append(d.pairs, p)
	if d.keeps {
		p.keepListing()
	}
	if len(d.waiting) > 0 {
		p.take(d.waiting[0])
		d.waiting = d.waiting[1:]
	}
	return p
}
