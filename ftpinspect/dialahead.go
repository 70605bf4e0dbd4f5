package ftpinspect

// dialAhead has the server dialled at the address that it was asked for ahead.
// If a command of the client comes before its request (tnftp's MDTM and SIZE,
// the TYPE of Python's ftplib) the connection is there when RETR follows, and an
// end of file can go on it ahead: see hasten.
//
// Only vsftpd is in want of that: it lingers, and its address comes with the
// last reply to a transfer. Its listener's backlog takes the connection; vsftpd
// 3.0.3 looks at it with RETR. A server that is asked after the transfer answers
// when such a command does and would be dialled no sooner than it is without
// this, or takes the connection at once (pyftpdlib 1.5.7); inetutils-ftpd 2.4
// does not linger.
func (s *Session) dialAhead() {
	a := s.ahead.next
	switch {
	case a == nil, !s.ahead.inTurn, !s.lingers, s.clientGone:
		return
	case s.wait != nil && s.awaiting() == nil:
		return // perhaps a PORT, which will cancel it
	}
	s.lastID++
	a.id = s.lastID
	s.do(DialAhead{ID: a.id, Server: a.end})
}

// takeID is the ID of the expectation for a request: a new one unless the
// server was dialled for it ahead.
func (s *Session) takeID(r *request) ID {
	id := r.id
	r.id = 0
	if id == 0 {
		s.lastID++
		id = s.lastID
	}
	return id
}

// forgetAhead forgets what was asked for ahead, with the connection that was
// dialled for it.
func (s *Session) forgetAhead() {
	if a := s.ahead.next; a != nil && a.id != 0 {
		s.do(Forget{a.id})
	}
	s.ahead.next, s.ahead.due = nil, nil
}

// dialAheadFailed goes on without an address that nobody listens at: the client
// has not been told of it, and the server is asked as ever.
func (s *Session) dialAheadFailed(id ID) {
	if a := s.ahead.next; a != nil && a.id != 0 && a.id == id {
		a.id = 0
		s.dialLater()
		s.aheadFailed(a)
		s.pump()
	}
}
