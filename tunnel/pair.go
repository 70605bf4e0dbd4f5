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
	case p.joined || p.ended:
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

// carrying tells that a pair is joined and not over. Outcomes are reported by
// expectation, so one pair runs at a time.
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
	s.alarms.cancel(p.d.unused)
	s.wg.Go(func() { p.relay(ftpinspect.Download) })
	s.wg.Go(func() { p.relay(ftpinspect.Upload) })
	s.report(func(i *ftpinspect.Session) []ftpinspect.Effect { return i.Joined(id) })
}

// relay carries one direction to its end.
func (p *pair) relay(dir ftpinspect.Direction) {
	from := sender(dir)
	stop := p.flows[dir].relay(p.conns[from.other()], p.conns[from])
	p.d.s.post(func() { p.flowStopped(dir, stop) })
}

// flowStopped acts on the end of a direction.
func (p *pair) flowStopped(dir ftpinspect.Direction, stop stopped) {
	p.done[dir] = true
	at := sender(dir)
	if stop.writing {
		at = at.other()
	}
	switch {
	case p.ended && stop.err != nil && !p.onHold():
		p.closeBoth()
	case p.ended:
	case stop.err == nil:
		p.fileEnded()
	default:
		p.failed(at, stop)
	}
	p.considerRelease()
}

// fileEnded acts on an end of file that was passed on: it ends the transfer if
// it has come from the transfer's sender, or from both.
func (p *pair) fileEnded() {
	if p.transfer != nil && p.done[p.transfer.Direction] || p.done[0] && p.done[1] {
		p.end(nil)
	}
}

// failed acts on a connection that has failed. A receiver that has closed its
// end wants no more, and what it makes of that is not for us to judge; anything
// else has cut the transfer. Once the server is lost nobody does anything by
// itself: the client has been told.
func (p *pair) failed(at Peer, stop stopped) {
	byItself := closedByPeer(stop.err) && p.d.s.err == nil
	receiver := stop.writing
	if p.transfer != nil {
		receiver = at != sender(p.transfer.Direction)
	}
	if at == Client && byItself && p.transfer != nil {
		p.transfer.aborted = true
	}
	broken := stop.err
	if receiver && byItself {
		broken = nil
	}
	if at == Client && !receiver {
		p.holdServer()
	} else {
		p.reset()
	}
	p.end(broken)
}

// holdServer keeps the server's end of an upload open that the client has
// reset: an ABOR may be on its way, and an end of file, which is all that an
// SSH server can show the FTP server, would make a short file a whole one.
func (p *pair) holdServer() {
	s := p.d.s
	s.dispose(p.conns[Client], abort)
	s.held = append(s.held, p)
	s.alarms.after(s.limits.CutUpload, func() { s.release(p) })
}

// onHold tells that the server's end is held.
func (p *pair) onHold() bool {
	for _, h := range p.d.s.held {
		if h == p {
			return true
		}
	}
	return false
}

// release closes the server's end of a cut upload.
func (s *session) release(p *pair) {
	for i, h := range s.held {
		if h == p {
			s.held = append(s.held[:i], s.held[i+1:]...)
			s.dispose(p.conns[Server], abort)
			p.considerRelease()
			return
		}
	}
}

// releaseCutUploads is for a server that has answered: it knows what it needs
// to know.
func (s *session) releaseCutUploads() {
	for len(s.held) > 0 {
		s.release(s.held[0])
	}
}

// end sets the outcome and reports it.
func (p *pair) end(broken error) {
	if p.ended {
		return
	}
	p.ended = true
	p.outcome = ftpinspect.Outcome{Broken: broken, Bytes: p.passed()}
	p.d.reportEnded(p.outcome)
	if p.transfer != nil {
		p.d.s.dataEnded(p.transfer)
	}
	for _, next := range p.d.pairs {
		next.completeEnds()
	}
}

// passed is how many bytes were passed on in the direction of the transfer; in
// the busier one while that is not known.
func (p *pair) passed() int64 {
	if p.transfer != nil {
		return p.flows[p.transfer.Direction].bytes.Load()
	}
	return max(p.flows[0].bytes.Load(), p.flows[1].bytes.Load())
}

// take says which transfer a pair is for. What has happened on it already is
// seen in that light.
func (p *pair) take(t *transfer) {
	p.transfer, t.pair = t, p
	switch {
	case p.ended:
		p.d.s.dataEnded(t)
	case p.joined && p.done[t.Direction]:
		p.end(nil)
	}
	if t.Direction == ftpinspect.Download && p.onHold() {
		t.aborted = true
		p.d.s.release(p)
	}
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
	for _, c := range p.conns {
		p.d.s.dispose(c, abort)
	}
	if !p.joined {
		p.released = true
	}
}

func (p *pair) closeBoth() {
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

// watch breaks a server's end off that is silent from now on.
func (d *dataConn) watch(from time.Time) {
	limit := d.s.limits.Silence
	wait := limit
	for _, p := range d.pairs {
		if p.ended || !p.joined {
			continue
		}
		since, waiting := p.flows[ftpinspect.Download].silentSince()
		if !waiting {
			continue
		}
		if since.Before(from) {
			since = from
		}
		silent := time.Since(since)
		if silent >= limit {
			p.breakOff(errSilent)
			continue
		}
		wait = min(wait, limit-silent)
	}
	if d.underWay() {
		d.s.alarms.after(wait, func() { d.watch(from) })
	}
}
