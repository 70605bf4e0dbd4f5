package ftpinspect

import "slices"

// gone is the end of the server's control connection.
type gone struct {
	err        error // nil for a FIN
	unanswered bool  // a command was
}

// ServerGone says that the server has ended its control connection, with a
// FIN if err is nil. The client is told with a 421, unless the server has said
// goodbye. Data that is still on its way is waited for.
func (s *Session) ServerGone(err error) []Effect {
	if s.closed || s.serverGone != nil {
		return s.take()
	}
	s.serverGone = &gone{err: err, unanswered: s.unanswered()}
	goodbye := string(replyGone(s.serverGone.reason()))
	for _, c := range s.pending {
		if c.transfer != nil && c.own == nil {
			s.do(Complete{ID: c.transfer.id(), Transfer: c.transfer.Transfer, Code: 421, Reply: goodbye})
		}
	}
	for _, e := range slices.Clone(s.expectations) {
		if e.request.state == stateOpening {
			e.request.state = stateDone
			s.abandon(e.request)
		}
	}
	unfinished := s.reply
	s.pending, s.queue, s.wait, s.reply = nil, nil, nil, nil
	s.forgetAhead()
	if unfinished != nil && unfinished.slot != nil {
		unfinished.slot.held = nil
	}
	s.dropOpen()
	s.finish()
	s.watchRest()
	return s.take()
}

// watchRest bounds the wait for downloads that nobody will say a word of.
func (s *Session) watchRest() {
	for _, e := range s.expectations {
		if e.inUse() && e.latest.transfer.Direction == Download {
			s.do(Watch{e.id})
		}
	}
}

// unanswered reports whether the client waits for a reply to anything but QUIT,
// or to a transfer if it has left.
func (s *Session) unanswered() bool {
	for _, c := range s.pending {
		if (!s.quit || c.transfer != nil) && (c.request == nil || !c.request.ahead) && !c.unasked() {
			return true
		}
	}
	return !s.greeted || len(s.queue) > 0
}

// dropOpen takes away the places of replies that cannot come any more.
func (s *Session) dropOpen() {
	for _, o := range append([]*slot(nil), s.out...) {
		if o.open && o.held == nil {
			s.fill(o)
		}
	}
}

// finish ends a session without a server when nothing more is to come.
func (s *Session) finish() {
	g := s.serverGone
	if g == nil || s.closed || len(s.out) > 0 || g.err == nil && s.dataUnderWay() {
		return
	}
	if g.unanswered || !s.saidGoodbye() {
		s.toClient(replyGone(g.reason()))
	}
	s.close(g.reason())
}

// saidGoodbye reports whether the client knows that the session is over.
func (s *Session) saidGoodbye() bool { return s.quit || s.lastReply == 221 || s.lastReply == 421 }

func (g *gone) reason() string {
	if g.err != nil {
		return "lost the connection to the FTP server: " + g.err.Error()
	}
	return "the FTP server closed the control connection"
}

// dataUnderWay reports whether a data connection is in use.
func (s *Session) dataUnderWay() bool {
	for _, e := range s.expectations {
		if e.inUse() {
			return true
		}
	}
	return false
}
