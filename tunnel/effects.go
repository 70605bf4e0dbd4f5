package tunnel

import (
	"bytes"
	"time"

	"ftptunnel/ftpinspect"
)

// carryOut does what the inspector says.
func (s *session) carryOut(e ftpinspect.Effect) {
	switch e := e.(type) {
	case ftpinspect.ToClient:
		s.send(Client, e)
	case ftpinspect.ToServer:
		s.noteAbort(e)
		s.send(Server, e)
	case ftpinspect.Expect:
		s.expect(e)
	case ftpinspect.DialAhead:
		s.dialAhead(e)
	case ftpinspect.Forget:
		if d := s.data[e.ID]; d != nil {
			d.forget()
		}
	case ftpinspect.DialClient:
		if d := s.data[e.ID]; d != nil {
			d.dialClientNow()
		}
	case ftpinspect.Shut:
		if d := s.data[e.ID]; d != nil {
			d.shutServer()
		}
	case ftpinspect.KeepListing:
		if d := s.data[e.ID]; d != nil {
			d.keepListing()
		}
	case ftpinspect.Watch:
		if d := s.data[e.ID]; d != nil {
			d.watch()
		}
	case ftpinspect.Begin:
		s.begin(e)
	case ftpinspect.Complete:
		s.complete(e)
	default:
		s.carryOutState(e)
	}
}

// carryOutState does what concerns the session as a whole.
func (s *session) carryOutState(e ftpinspect.Effect) {
	switch e := e.(type) {
	case ftpinspect.StartTimer:
		s.alarms.after(s.allotted(e.T.Kind), func() {
			s.report(func(i *ftpinspect.Session) []ftpinspect.Effect { return i.Expired(e.T) })
		})
	case ftpinspect.LoggedIn:
		s.alarms.cancel(s.login)
	case ftpinspect.Note:
		s.t.observe(Note{Session: s.id, Note: e})
	case ftpinspect.Opaque:
		s.turnOpaque()
	case ftpinspect.EndServer:
		s.server.out.finish()
	case ftpinspect.Close:
		s.close(e.Reason)
	}
}

// pause is ftpinspect's TimerPause: longer than a program takes from sending a
// command to looking for the reply, and little beside a round trip.
const pause = 3 * time.Millisecond

// allotted is how long an inspector's timer runs.
func (s *session) allotted(k ftpinspect.TimerKind) time.Duration {
	switch k {
	case ftpinspect.TimerData:
		return s.limits.Data
	case ftpinspect.TimerReply:
		return s.limits.Reply
	case ftpinspect.TimerPause:
		return pause
	}
	return s.limits.Idle
}

// send writes a line to a peer.
func (s *session) send(to Peer, line []byte) {
	s.to(to).put(line)
	s.observeSent(to, line)
}

// turnOpaque stops reading lines: the session is encrypted from here on.
func (s *session) turnOpaque() {
	s.alarms.cancel(s.login)
	s.opaque = true
	s.copyOpaque(s.server, s.server.lines.Rest())
	s.copyOpaque(s.client, s.client.lines.Rest())
}

// said is a line that the inspector is taking, for the dialogue's events.
type said struct {
	from Peer
	text []byte
}

// observeSent reports a line that was sent: as what became of the line that
// the other peer has just said, or as one of its own.
func (s *session) observeSent(to Peer, line []byte) {
	if s.t.Observe == nil {
		return
	}
	after := string(ftpinspect.Redact(bytes.TrimRight(line, "\r\n")))
	d := Dialogue{Session: s.id, From: to.other(), After: after}
	if s.said != nil && s.said.from == Client && to == Client {
		s.saidNothing() // it is answered: what is sent on behind that is another line
	}
	if s.said != nil && s.said.from == to.other() {
		d.Before = string(ftpinspect.Redact(s.said.text))
		s.said = nil
	}
	s.t.observe(d)
}

// saidNothing reports a line for which none was sent on.
func (s *session) saidNothing() {
	if s.said != nil && s.t.Observe != nil {
		s.t.observe(Dialogue{Session: s.id, From: s.said.from, Before: string(ftpinspect.Redact(s.said.text))})
	}
	s.said = nil
}
