package tunnel

import (
	"ftptunnel/ftpinspect"
)

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
	if at == Client && byItself {
		p.left = true
		if p.transfer != nil {
			p.transfer.aborted = true
		}
	}
	broken := stop.err
	switch {
	case !receiver || !byItself:
	case at == Server && p.unread():
		broken = errUnread
	default:
		broken = nil
	}
	if at == Client && !receiver {
		p.holdServer()
	} else {
		p.reset()
	}
	p.end(broken)
}

// unread reports whether an upload goes on whose server takes no more of it. What
// it says of that is believed, unless it calls the file complete.
func (p *pair) unread() bool {
	upload := p.transfer == nil || p.transfer.Direction == ftpinspect.Upload
	return upload && !p.flows[ftpinspect.Upload].finished.Load()
}

// end sets the outcome and reports it.
func (p *pair) end(broken error) {
	if p.ended {
		return
	}
	p.ended = true
	p.outcome = ftpinspect.Outcome{Broken: broken, Bytes: p.passed()}
	reported := p.outcome
	reported.Listing = p.takeListing()
	p.d.reportEnded(reported)
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
	p.transfer, t.pair, t.err = t, p, nil
	p.d.keeps = false
	if !ftpinspect.IsListing(t.Verb) {
		p.flows[ftpinspect.Download].kept.Store(nil) // the listing was refused
	}
	t.aborted = t.aborted || p.left
	p.d.s.t.running.count(t, &p.flows[t.Direction])
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
