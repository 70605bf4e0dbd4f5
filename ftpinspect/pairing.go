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
		s.replyLine(l.Text, EndsReply(l.Text, s.reply.code))
	} else if code, more := ReplyCode(l.Text); code != 0 && (s.greeted || greets(code)) {
		s.beginReply(code, l.Text)
		s.replyLine(l.Text, !more)
	} else {
		s.strayLine(l.Text)
	}
	s.pump()
	s.askIfDue()
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
		s.disorder()
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
	case c == nil && code == 421 && s.ahead.ours:
		// pyftpdlib 1.5.7 closes a port that nobody came to, and says so
		s.aheadFailed(s.ahead.next)
		r.handle = handDrop
	case c == nil && isPassiveCode(code):
		s.late = max(0, s.late-1)
		if !s.quit { // else Pure-FTPd's goodbye, with the code that it used last
			s.note(NoteUnsolicited, string(first))
		}
		r.handle = handDrop
	case c == nil && s.isLate(code):
		s.late--
		r.handle = handDrop
	case c == nil:
		s.disorder()
	case c.kind == kindGreeting && s.cfg.User != "" && !refuses(code):
		r.handle = handDrop // the client was greeted by a Proxy
	case c.request != nil && class(code) == 1:
		r.handle = handDrop // only lftp understands a 1yz in answer to PASV
	case c.request != nil, c.hidden:
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
	switch c := r.command; {
	case c == nil:
	case c.kind == kindGreeting:
		s.noteGreeting(text)
	case c.transfer != nil && class(r.code) == 1:
		c.transfer.announces(text)
	}
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
	s.noteDirectory(c, r)
	s.noteSize(c, r)
	switch {
	case c.request != nil:
		s.requestReply(c.request, r)
	case c.transfer != nil:
		s.transferReply(c, r)
	case c.ahead && r.handle == handCollect:
		s.factReply(c, r)
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
