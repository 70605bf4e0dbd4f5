package ftpinspect

import (
	"bytes"
	"fmt"
)

// reply is a reply of the server that has begun and is not complete.
type reply struct {
	code    int
	command *command // nil if it answers none
	handle  handling
	lines   [][]byte // collected
	slot    *slot    // of the last reply to a transfer
	first   []byte   // its first line
}

// handling says what becomes of the lines of a reply.
type handling int

const (
	handRelay   handling = iota
	handDrop             // consumed
	handCollect          // kept until it is complete: it may have to be rewritten
	handFilter           // FEAT: relayed but for what is hidden
	handKeep             // kept in its slot: it may have to wait for data
)

// maxCollect bounds the lines that are kept of one reply.
const maxCollect = 32

// ServerLine takes a line of the server.
func (s *Session) ServerLine(l Line) []Effect {
	if s.closed || s.serverGone != nil {
		return s.take()
	}
	if s.reply != nil {
		s.replyLine(l.Text, endsReply(l.Text, s.reply.code))
	} else if code, more := replyCode(l.Text); code != 0 && (s.greeted || greets(code)) {
		s.beginReply(code, l.Text)
		s.replyLine(l.Text, !more)
	} else {
		s.strayLine(l.Text)
	}
	s.pump()
	return s.take()
}

// strayLine is a line that belongs to no reply.
func (s *Session) strayLine(text []byte) {
	switch {
	case !s.greeted && len(bytes.TrimSpace(text)) == 0: // of a banner
	case !s.greeted:
		s.notFTP(text)
	case looksPassive(text):
		s.note(NoteUnsolicited, string(text))
	default:
		s.relay(text)
	}
}

// notFTP ends a session whose target is some other service.
func (s *Session) notFTP(greeting []byte) {
	s.note(NoteNotFTP, string(greeting))
	s.toClient(replyGone("the target does not greet as an FTP server"))
	s.close("the target does not greet as an FTP server")
}

// beginReply decides what is done with a reply, by the command that it answers.
func (s *Session) beginReply(code int, first []byte) {
	r := &reply{code: code, first: first}
	r.command = s.match(code)
	s.reply = r
	c := r.command
	switch {
	case c == nil && isPassiveCode(code):
		s.note(NoteUnsolicited, string(first))
		r.handle = handDrop
	case c == nil:
	case c.kind == kindGreeting && s.cfg.User != "" && !refuses(code):
		r.handle = handDrop // the client was greeted by a Proxy
	case c.request != nil && class(code) == 1:
		r.handle = handDrop // only lftp understands a 1yz in answer to PASV
	case c.request != nil:
		r.handle = handCollect
	case c.transfer != nil && class(code) != 1:
		r.handle = handKeep
		r.slot = s.newSlot()
		r.slot.held = c.transfer
	case c.is("FEAT") && s.cfg.TLS == TLSRefuse:
		r.handle = handFilter
	}
}

func (s *Session) replyLine(text []byte, last bool) {
	r := s.reply
	switch r.handle {
	case handRelay:
		s.relay(text)
	case handCollect:
		if !last && len(r.lines) == 0 {
			s.startTimer(TimerIdle, func() { s.endless(r) })
		}
		if len(r.lines) == maxCollect {
			r.lines = append(r.lines[:1], r.lines[2:]...)
		}
		r.lines = append(r.lines, text)
	case handFilter:
		s.relayFeature(text, bytes.Equal(text, r.first), last)
	case handKeep:
		if last || len(r.slot.lines) == 0 || s.outSize < maxOut/2 {
			s.keep(r.slot, text)
		}
	}
	if last {
		s.reply = nil
		s.endReply(r)
	}
}

// endless ends a reply that began with a hyphen and never came to its end. The
// client must get one that does.
func (s *Session) endless(r *reply) {
	if s.reply == r {
		s.reply = nil
		r.lines = append(r.lines, fmt.Appendf(nil, "%d End.", r.code))
		s.endReply(r)
	}
}

// endReply acts on a complete reply.
func (s *Session) endReply(r *reply) {
	c := r.command
	switch {
	case c == nil && (r.code == 230 || r.code == 232):
		s.logIn()
		return
	case c == nil, class(r.code) == 1 && c.transfer == nil:
		return
	case class(r.code) == 1:
		c.transfer.code, c.transfer.first = r.code, string(r.first)
		s.begun(c.transfer)
		return
	}
	s.answered(c)
	s.noteTLS(r)
	switch {
	case c.request != nil:
		s.requestReply(c.request, r)
	case c.transfer != nil:
		s.transferReply(c, r)
	default:
		s.plainReply(c, r.code)
	}
}

// answered takes a command off those that wait for the server.
func (s *Session) answered(c *command) {
	for i, p := range s.pending {
		if p == c {
			s.pending = append(s.pending[:i:i], s.pending[i+1:]...)
			return
		}
	}
}

// match finds the command that a reply with this code answers. Replies come in
// the order of the commands, but loosely: Pure-FTPd 1.0.50 swallows commands
// during a transfer, pyftpdlib 1.5.7 answers later ones before the 226, and
// others answer twice. A 227, 228 or 229 answers a request for a data
// connection or nothing at all.
func (s *Session) match(code int) *command {
	if isPassiveCode(code) {
		return s.matchPassive()
	}
	for i, c := range s.pending {
		switch {
		case c.own != nil:
		case code == 425 && c.transfer != nil && c.transfer.conn != nil && s.asking():
			// about the data connection that is asked for, not about this one
		case c.fits(code):
			s.skip(i)
			return c
		case c.yields(code):
		case c.takes(code):
			s.skip(i)
			return c
		default:
			return nil
		}
	}
	return s.matchLoosely(code)
}

// matchPassive finds the oldest request that was put to a server as PASV or
// EPSV.
func (s *Session) matchPassive() *command {
	for i, c := range s.pending {
		if c.request != nil && c.own == nil && !c.request.server.active() {
			s.skip(i)
			return c
		}
	}
	return nil
}

// matchLoosely is for a reply that fits no command well: a negative one, or a
// completion in unusual words, still answers the oldest.
func (s *Session) matchLoosely(code int) *command {
	for _, c := range s.pending {
		if c.own == nil && c.kind != kindOdd && (c.takes(code) || c.transfer != nil && class(code) == 2) {
			return c
		}
	}
	if class(code) == 1 {
		return s.revive()
	}
	return nil
}

// revive takes up a transfer again that an unsolicited reply had seemed to
// end: pyftpdlib 1.5.7 sends "425 Rejected data connection" and then goes on.
func (s *Session) revive() *command {
	c := s.last
	s.last = nil
	if c == nil || c.transfer.begun || len(s.pending) > 0 {
		return nil
	}
	again := &command{kind: kindTransfer, verb: c.verb, transfer: &transfer{Transfer: c.transfer.Transfer}}
	s.pending = append(s.pending, again)
	return again
}

// skip drops the commands before the i-th that the server has passed over. A
// transfer that runs stays: its reply is still to come. So do own answers, and
// a transfer that has not begun, unless a request behind it was answered.
func (s *Session) skip(i int) {
	kept := s.pending[:0:0]
	for _, c := range s.pending[:i] {
		switch {
		case c.own == nil && c.transfer != nil && !c.transfer.begun && s.pending[i].request != nil:
			s.last = c
		case c.own != nil || c.transfer != nil && !c.transfer.silent():
			kept = append(kept, c)
		case c.transfer != nil:
			s.do(c.transfer.complete())
		case c.request != nil:
			s.swallowed(c.request)
		}
	}
	s.pending = append(kept, s.pending[i:]...)
}

// swallowed ends a request that the server has passed over. The client has no
// answer to expect, unless the server was asked in another way than its own.
func (s *Session) swallowed(r *request) {
	if r.slot != nil {
		r.reason = "the server does not answer " + r.server.verb()
		s.fail(r)
		return
	}
	r.state = stateDone
	if s.wait == r.command {
		s.wait = nil
	}
	if r.server.active() && r.expectation != nil {
		s.establish(r.expectation)
	}
}

// fits tells whether a reply with this code is what the command would get if
// all went by the book. It decides where replies may be out of order.
func (c *command) fits(code int) bool {
	switch {
	case c.kind == kindGreeting:
		return greets(code)
	case c.kind == kindOdd:
		return code == 500
	case c.request != nil:
		return refuses(code) || c.request.server.active() == (class(code) == 2) && class(code) <= 2
	case c.transfer != nil && c.transfer.begun:
		return class(code) == 1 || code == 226 || code == 250 || refuses(code) && !isSyntax(code)
	case c.transfer != nil:
		return class(code) == 1 || code == 226 || code == 250 || refuses(code)
	}
	if codes, ok := usual[c.verb]; ok && !refuses(code) {
		return bytes.IndexByte(codes, byte(code-100)) >= 0
	}
	return class(code) != 1
}

// isSyntax tells 500 to 504: about a command that was not understood, never
// the end of a transfer that has begun.
func isSyntax(code int) bool { return 500 <= code && code <= 504 }

// yields tells a command whose answer may have been left out, or may come
// later: this reply can be for a command behind it. No server answers PORT
// with a 1yz.
func (c *command) yields(code int) bool {
	active := c.request != nil && c.request.server.active()
	return c.mute || c.transfer != nil || active && class(code) == 1
}

// usual lists the positive replies of commands that clients send during a
// transfer or pipeline before one, less 100 so that each fits a byte.
var usual = map[string][]byte{
	"ABOR": {125, 126}, "STAT": {111, 112, 113}, "QUIT": {121},
	"NOOP": {100}, "TYPE": {100}, "PWD": {157}, "XPWD": {157},
	"SIZE": {113}, "MDTM": {113}, "FEAT": {111}, "SYST": {115}, "CWD": {150, 100},
}

// takes tells whether a command that must be answered next may be answered by
// a reply with this code, though it is not what one expects. A request for a
// data connection takes 200 and 202 (a server that knows no EPSV may say so)
// but no other completion, for that belongs to a reply that came twice.
func (c *command) takes(code int) bool {
	switch {
	case c.kind == kindGreeting:
		return true
	case c.request != nil:
		return code == 200 || code == 202
	case c.transfer != nil:
		return refuses(code)
	}
	return class(code) != 1
}
