package tunnel

import (
	"net"
	"syscall"
	"time"

	"ftptunnel/ftpinspect"
)

// pair is two connections, one of each end of a data connection, and what
// passes between them. It is owned by its session's goroutine, but for the
// flows, which a goroutine each relays.
type pair struct {
	d        *dataConn
	conns    [2]net.Conn // by Peer
	flows    [2]flow     // by Direction
	done     [2]bool     // by Direction: the relay has ended
	transfer *transfer   // what it is for, nil until that has begun

	dialling bool // the client is being dialled
	joined   bool // both ends are connected and the relays run
	ended    bool // its outcome is known
	left     bool // the client has closed its end by itself
	broken   bool // both ends were reset
	released bool // nothing runs any more
	outcome  ftpinspect.Outcome
}

// Each direction has a sender and a receiver.
func sender(d ftpinspect.Direction) Peer {
	if d == ftpinspect.Upload {
		return Client
	}
	return Server
}

// completeEnds goes on as far as can be with the ends that are there: it dials
// the client, or joins the ends. An end that cannot come any more breaks the
// pair off.
func (p *pair) completeEnds() {
	d := p.d
	client := &d.ends[Client]
	switch {
	case p.joined || p.ended || !d.expected:
	case p.conns[Client] != nil && p.conns[Server] != nil:
		if !d.carrying() {
			p.join()
		}
	case p.conns[Client] != nil || p.dialling:
	case client.Listen && client.yielded:
		p.breakOff(errRaced)
	case !client.Listen && (!d.want.ClientWaits || d.dialNow):
		p.dialling = true
		d.s.wg.Go(p.dialClient)
	}
}

// carrying reports whether a pair is joined and not over. Outcomes are reported
// by expectation, so one pair runs at a time.
func (d *dataConn) carrying() bool {
	for _, p := range d.pairs {
		if p.joined && !p.ended {
			return true
		}
	}
	return false
}

// join starts the relays.
func (p *pair) join() {
	s, id := p.d.s, p.d.want.ID
	p.joined = true
	p.startHashes()
	s.alarms.cancel(p.d.unused)
	s.wg.Go(func() { p.relay(ftpinspect.Download) })
	s.wg.Go(func() { p.relay(ftpinspect.Upload) })
	s.report(func(i *ftpinspect.Session) []ftpinspect.Effect { return i.Joined(id) })
}

// shutServer sends the server an end of file before the client does.
func (d *dataConn) shutServer() {
	d.shut = true
	for _, p := range d.pairs {
		p.shutServer()
	}
}

func (p *pair) shutServer() {
	if !p.ended {
		upload := &p.flows[ftpinspect.Upload]
		p.d.s.dispose(p.conns[Server], func(c net.Conn) { upload.finish(c) })
	}
}

// startHashes has both directions hashed, if that is asked for: bytes may pass
// before it is known which of the two the transfer's is.
func (p *pair) startHashes() {
	if newHash := p.d.s.t.Hash; newHash != nil {
		for i := range p.flows {
			p.flows[i].hash = newHash()
		}
	}
}

// relay carries one direction to its end.
func (p *pair) relay(dir ftpinspect.Direction) {
	from := sender(dir)
	stop := p.flows[dir].relay(p.conns[from.other()], p.conns[from])
	p.d.s.post(func() { p.flowStopped(dir, stop) })
}

// breakOff resets both ends and reports why.
func (p *pair) breakOff(err error) {
	if p.ended {
		return
	}
	p.reset()
	p.end(err)
}

// drop resets both ends; the inspector does not ask for its outcome any more.
func (p *pair) drop(err error) {
	if p.ended {
		p.closeBoth()
		return
	}
	p.reset()
	p.ended = true
	p.outcome = ftpinspect.Outcome{Broken: err, Bytes: p.passed()}
	if p.transfer != nil {
		p.d.s.dataEnded(p.transfer)
	}
}

// reset aborts both ends.
func (p *pair) reset() {
	p.broken = true
	for _, c := range p.conns {
		p.d.s.dispose(c, abort)
	}
	if !p.joined {
		p.released = true
	}
}

// closeBoth closes both ends, so that a peer gets an end of file if it had none. A
// pair that was reset stays as it is; one whose upload was cut is reset now.
func (p *pair) closeBoth() {
	if p.broken {
		return
	}
	if p.onHold() {
		p.reset()
		return
	}
	for _, c := range p.conns {
		p.d.s.dispose(c, func(c net.Conn) { c.Close() })
	}
}

// dispose closes a connection, nil for none. The session does not wait for it
// if that may have to wait for another machine.
func (s *session) dispose(c net.Conn, how func(net.Conn)) {
	switch c := c.(type) {
	case nil:
	case syscall.Conn:
		how(c.(net.Conn))
	default:
		s.wg.Go(func() { how(c) })
	}
}

// considerRelease closes what is left once both relays have ended.
func (p *pair) considerRelease() {
	if p.done[0] && p.done[1] && !p.onHold() {
		p.closeBoth()
		p.released = true
		p.d.tidy()
	}
}

// watch breaks the server's ends off that are silent from now on. A connection
// that comes later is for another transfer.
func (d *dataConn) watch() {
	for _, p := range d.pairs {
		if p.joined {
			p.watch(time.Now())
		}
	}
}

func (p *pair) watch(from time.Time) {
	if p.ended {
		return
	}
	wait := p.d.s.limits.Silence
	if since, waiting := p.flows[ftpinspect.Download].silentSince(); waiting {
		if since.Before(from) {
			since = from
		}
		wait -= time.Since(since)
	}
	if wait <= 0 {
		p.breakOff(errSilent)
		return
	}
	p.d.s.alarms.after(wait, func() { p.watch(from) })
}
