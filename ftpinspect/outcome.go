package ftpinspect

import "errors"

// Met says that the listeners of an expectation are open, and its server
// dialled with DialFirst. Only here does a listener's address become a line.
func (s *Session) Met(id ID, at Listeners) []Effect {
	e := s.find(id)
	if e == nil || e.request.state != stateOpening || e.request.expectation != e {
		return s.take()
	}
	r := e.request
	e.listener, e.clientListener = at.Server, at.Client
	if r.client.Listen && at.Client.Port() == 0 || r.server.active() && at.Server.Port() == 0 {
		return s.Unmet(id, ClientSide, errNoListener)
	}
	if r.server.active() {
		s.ask(r)
	} else {
		s.know.Dialled = true
		s.succeed(r, nil)
	}
	s.pump()
	return s.take()
}

var errNoListener = errors.New("no listener")

// Unmet says that an expectation cannot be met, and on which side.
func (s *Session) Unmet(id ID, side Side, err error) []Effect {
	e := s.find(id)
	if e == nil || e.request.state != stateOpening || e.request.expectation != e {
		return s.take()
	}
	r := e.request
	s.dataFailed(e, err)
	s.remove(e)
	r.expectation = nil
	r.reason = err.Error()
	switch {
	case side == ClientSide:
		r.plan = nil
	case r.server.active():
		r.strike(activeDialects)
	default:
		r.strike(passiveDialects)
		s.readopt(r)
	}
	s.next(r)
	s.pump()
	return s.take()
}

// strike gives up several ways at once.
func (r *request) strike(which dialects) {
	r.tried |= which
	var left []dialect
	for _, d := range r.plan {
		if !which.has(d) {
			left = append(left, d)
		}
	}
	r.plan = left
}

// next tries the next way, or tells the client that none is left. There is
// none once lines that came after the request are on their way to the server.
func (s *Session) next(r *request) {
	s.promises.doubt(r)
	r.tried = r.tried.with(r.server)
	s.know.works &^= 1 << r.server // the next request waits, so that it can be bridged
	if len(r.plan) == 0 || s.wait != r.command {
		s.fail(r)
		return
	}
	if r.asked && r.slot == nil && !r.promised {
		r.slot = s.newSlot()
	}
	r.server, r.plan = r.plan[0], r.plan[1:]
	r.state = stateIdle
	if len(s.pending) == 0 && s.reply == nil {
		s.attempt(r)
		return
	}
	s.startTimer(TimerIdle, func() { s.idleOverdue(r) })
}

// idleOverdue stops waiting for replies that never come, so that a request can
// be bridged. While a transfer runs, or a reply that does not end, it gives the
// request up.
func (s *Session) idleOverdue(r *request) {
	if r.state != stateIdle {
		return
	}
	if s.transferring() || s.reply != nil {
		s.fail(r)
		return
	}
	unanswered := s.pending
	s.pending = nil
	for _, c := range unanswered {
		switch {
		case c.own != nil:
			s.relay(c.own)
		case c.request != nil:
			s.swallowed(c.request)
		case c.unasked():
			s.pending = append(s.pending, c)
		}
	}
	s.attempt(r)
}

// fail answers a request for which no way was left. If its client was answered
// ahead, the transfers that it is for are.
func (s *Session) fail(r *request) {
	lines := r.refusal
	if lines == nil {
		lines = [][]byte{replyNoData(r.reason)}
	}
	s.abandon(r)
	if r.promised {
		s.promises.forsake(r)
		lines = nil
	}
	s.resolve(r, lines...)
}

// succeed answers a request whose data connection is ready.
func (s *Session) succeed(r *request, serverReply [][]byte) {
	s.know.works = s.know.works.with(r.server) &^ r.tried
	s.know.refused = (s.know.refused | r.tried) &^ (1 << r.server)
	if r.server.active() == r.passiveClient() {
		s.note(NoteBridged, r.command.verb+" by "+r.server.verb())
	}
	s.establish(r.expectation)
	switch {
	case r.promised:
		s.resolve(r)
	case r.command.verb == "PASV":
		s.resolve(r, reply227(r.expectation.clientListener, r.answered))
	case r.command.verb == "EPSV":
		s.resolve(r, reply229(r.expectation.clientListener, r.answered))
	case serverReply != nil && r.mirrors() && r.slot == nil: // else others may have come between
		s.resolve(r, serverReply...)
	default:
		s.resolve(r, replyNoted(r.command.verb))
	}
}

// resolve gives the client its answer, in its place: where the server's reply
// stands, or behind what is unanswered if the server was never asked.
func (s *Session) resolve(r *request, lines ...[]byte) {
	r.state = stateDone
	if s.wait == r.command {
		s.wait = nil
	}
	switch {
	case r.slot != nil:
		s.fill(r.slot, lines...)
	case r.asked:
		s.relayAll(lines)
	default:
		s.answer(r.command, lines[0])
	}
}
