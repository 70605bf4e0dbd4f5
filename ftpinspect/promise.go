package ftpinspect

import "errors"

// promises is what a session knows of the answers that it gives ahead: a PORT
// or EPRT whose server listens instead gets its 200 before the server has said
// where. The 200 says that the address was noted (RFC 959, section 4.1.2) and
// needs nothing of the server, which is a round trip away; a transfer waits for
// its answer all the same.
type promises struct {
	kept   dialects // ways that have carried a transfer to its end in this session
	broken bool     // one has failed since: no answer is given ahead any more
	unmade error    // why the client's last one has no data connection; nil if it has

	timed  *request // that the timer runs for
	waited int      // how often it has expired
}

// maxPatience is how many TimerIdle a promised request may go unanswered. The
// client has no means to wait for it, and a link that stalls is no refusal.
const maxPatience = 6

// besides are the commands that may go to the server behind a promised request
// that it has not answered. They leave a passive port as it is, need no data
// connection, and the request can still be made in another way after them.
var besides = map[string]bool{
	"SIZE": true, "MDTM": true, "MLST": true, "REST": true, "TYPE": true, "STRU": true, "ALLO": true, "OPTS": true,
	"CWD": true, "CDUP": true, "PWD": true, "XCWD": true, "XCUP": true, "XPWD": true, "NOOP": true,
}

// promisable reports whether a request can be answered before the server has:
// the same way has carried a whole transfer in this session, so that a refusal
// is not expected. A server that may swallow the request is waited for. A
// client that does not wait for replies (lftp without ftp:sync-mode) gains
// nothing by an early one, and its transfer command follows at once if there
// was none.
func (s *Session) promisable(r *request) bool {
	p := &s.promises
	if r.passiveClient() || r.server.active() || p.broken || !p.kept.has(r.server) || r.command.mute {
		return false
	}
	return len(s.pending) == 0 && !r.command.followed && s.proven(r)
}

// promise puts a request to the server and answers it, in its place among the
// replies.
func (s *Session) promise(r *request, line []byte) {
	r.promised = true
	s.pending = append(s.pending, &command{kind: kindPlain, verb: r.command.verb, own: replyNoted(r.command.verb)})
	s.forward(r.command, line)
	s.settle()
	s.timePromise()
}

// promised is the request that was promised and that the server has not
// answered yet, if there is one.
func (s *Session) promised() *request {
	if s.wait == nil || s.wait.request == nil {
		return nil
	}
	r := s.wait.request
	if !r.promised || r.slot != nil || r.state != stateAsked {
		return nil
	}
	return r
}

// follows reports whether a line need not wait for the outcome of a promised
// request.
func (s *Session) follows(l Line) bool {
	return s.promised() != nil && besides[parseCommand(l.Text).verb]
}

// noteFollower gives up the other ways of a promised request behind which a
// REST is sent: another request might undo that.
func (s *Session) noteFollower(c *command) {
	if r := s.promised(); r != nil && c.is("REST") {
		r.plan = nil
	}
}

// timePromise has promiseOverdue look at the promised request that is
// unanswered. One timer runs for any number of them.
func (s *Session) timePromise() {
	p := &s.promises
	if r := s.promised(); p.timed == nil && r != nil {
		p.timed, p.waited = r, 0
		s.startTimer(TimerIdle, s.promiseOverdue)
	}
}

// promiseOverdue gives up a promised request that the server does not answer.
func (s *Session) promiseOverdue() {
	p := &s.promises
	r := p.timed
	if r != s.promised() {
		p.timed = nil
		s.timePromise()
		return
	}
	p.waited++
	if p.waited < maxPatience || s.reply != nil && s.reply.command == r.command {
		s.startTimer(TimerIdle, s.promiseOverdue)
		return
	}
	p.timed = nil
	s.answered(r.command)
	s.noteLate()
	r.reason, r.plan = "the server does not answer "+r.server.verb(), nil
	s.next(r)
}

// keep notes that a transfer has come to its end by the way that its request
// went.
func (p *promises) keep(t *transfer) {
	e := t.expectation
	if e != nil && class(t.code) == 2 && t.conn != nil && t.conn.ended && t.conn.outcome.Broken == nil {
		p.kept = p.kept.with(e.request.server)
	}
}

// doubt notes that the way on which r was promised has failed.
func (p *promises) doubt(r *request) { p.broken = p.broken || r.promised }

// forsake notes that no way was left to make what was promised. The client has
// its 200, so that its transfer commands are told why.
func (p *promises) forsake(r *request) {
	p.doubt(r)
	p.unmade = errors.New(r.reason)
}
