package ftpinspect

// ahead is what a session with Config.Prefetch knows of the requests for a
// passive address that it makes before the client does. The server's answer to
// one is kept, and taken for the client's next request: see adopt. Nothing is
// listened for until then, and only vsftpd is dialled: see dialAhead.
type ahead struct {
	next   *request     // that the client's next request may take; nil if there is none
	ours   bool         // the server listens where the client was not told
	due    *expectation // of a transfer that is over, if nothing was asked for since
	inTurn bool         // the server reads no command while a transfer runs
	off    bool         // the server does not take it well
	timed  *request     // that the timer runs for
}

// inTurn are the words in the greetings of servers that read a command only
// when the one before it was answered, a transfer too (vsftpd 3.0.3 and
// inetutils-ftpd 2.4 look up for urgent data alone). They are asked together
// with a transfer, so that the address comes with its last reply. Others swallow
// the request (Pure-FTPd 1.0.50), refuse it but for RETR (ProFTPD 1.3.8) or
// close the port of a transfer that has not begun (pyftpdlib 1.5.7): they are
// asked after it.
var inTurn = [][]byte{[]byte("vsFTPd"), []byte("GNU inetutils")}

// harmless are the commands that leave a passive port as it is. What is not
// among them may cancel it (ABOR, REIN), must come before it (PRET), or changes
// what it is for.
var harmless = map[string]bool{
	"NOOP": true, "TYPE": true, "STRU": true, "SIZE": true, "MDTM": true, "MFMT": true, "MLST": true, "REST": true,
	"ALLO": true, "STAT": true, "FEAT": true, "SYST": true, "HELP": true, "CLNT": true, "OPTS": true, "SITE": true,
	"CWD": true, "CDUP": true, "PWD": true, "MKD": true, "RMD": true, "DELE": true, "RNFR": true, "RNTO": true,
	"XCWD": true, "XCUP": true, "XPWD": true, "XMKD": true, "XRMD": true,
}

// mayAskAhead reports whether the client can be expected to ask for a passive
// address next: it has used the last one, and has sent nothing else. After an
// active transfer it may well go on with the same PORT.
func (s *Session) mayAskAhead() bool {
	a, e := &s.ahead, s.current
	switch {
	case !s.cfg.Prefetch, a.off, a.next != nil, !s.loggedIn, s.blocks, s.opaque, s.quit, s.clientGone, s.closed, s.serverGone != nil:
		return false
	case len(s.queue) > 0, s.wait != nil, s.reply != nil, e == nil:
		return false
	}
	return e == s.announced && e.failed == nil && !e.over && !e.request.server.active()
}

// askWith asks for the next address behind a transfer command that was just
// sent.
func (s *Session) askWith(c *command) {
	if s.ahead.inTurn && len(s.pending) == 1 && s.pending[0] == c && s.mayAskAhead() {
		s.askAhead()
	}
}

// askAfter notes that the next address can be asked for when a transfer has
// been completed.
func (s *Session) askAfter(t *transfer) {
	s.ahead.due = nil
	if class(t.code) == 2 && !t.aborted && s.ahead.next == nil {
		s.ahead.due = t.expectation
	}
}

// askIfDue asks for the next address once nothing is unanswered, unless the
// client has asked for it meanwhile: what it has then would be cancelled.
func (s *Session) askIfDue() {
	if s.ahead.due != nil && s.ahead.due == s.current && len(s.pending) == 0 && s.mayAskAhead() {
		s.askAhead()
	}
}

// askAhead asks in the words that have worked for the transfer before.
func (s *Session) askAhead() {
	d := s.current.request.server
	r := &request{command: &command{kind: kindRequest, verb: d.verb(), mute: true}, server: d, ahead: true}
	r.command.request = r
	s.ahead.next, s.ahead.ours, s.ahead.due = r, true, nil
	s.forward(r.command, []byte(d.verb()))
	s.timeAhead()
}

// timeAhead has aheadOverdue look at what was asked for. One timer runs for
// any number of requests.
func (s *Session) timeAhead() {
	if s.ahead.timed == nil && s.ahead.next != nil {
		s.ahead.timed = s.ahead.next
		s.startTimer(TimerIdle, s.aheadOverdue)
	}
}

// aheadOverdue gives up a request that the server does not answer, and an
// address that the client has not asked for: servers close a port to which
// nobody comes (pyftpdlib 1.5.7 after 30 s).
func (s *Session) aheadOverdue() {
	r := s.ahead.timed
	s.ahead.timed = nil
	switch {
	case r != s.ahead.next:
	case r.reply != nil:
		s.dropAhead()
	case s.reply != nil && s.reply.command == r.command, s.transferring(), s.dataUnderWay():
	default:
		s.answered(r.command)
		s.noteLate()
		s.aheadFailed(r)
	}
	s.timeAhead()
}

// aheadReply takes the server's answer to a request that was made ahead. One
// that was dropped meanwhile counts no more.
func (s *Session) aheadReply(r *request, reply *reply) {
	if r != s.ahead.next {
		return
	}
	if isPassiveCode(reply.code) {
		if end, ok := s.passiveEnd(r, reply); ok {
			r.reply, r.end = reply, end
			s.handOver()
			s.dialAhead()
			return
		}
	} else {
		s.ahead.ours = false
	}
	s.aheadFailed(r)
}

// aheadFailed is the end of asking ahead in this session. Nobody is told: what
// the client asks for is asked of the server as ever.
func (s *Session) aheadFailed(r *request) {
	s.ahead.off = true
	if r == s.ahead.next {
		s.dropAhead()
	}
}

// dropAhead forgets what was asked for ahead. A client's request that has
// waited for it is made.
func (s *Session) dropAhead() {
	s.forgetAhead()
	if r := s.awaiting(); r != nil {
		s.ask(r)
	}
}
