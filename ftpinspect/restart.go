package ftpinspect

import (
	"errors"
	"slices"
	"strings"
)

// restart is what a session knows of the restart point that the server holds
// (REST; RFC 3659, section 5.3). It is for the transfer command that comes next.
// If that is answered here, vsftpd 3.0.3 keeps the point for the one after it and
// would serve a part for the whole, or write over the midst of a file. So before
// a transfer command that no other REST of the client precedes the point is
// withdrawn, by REST 0.
type restart struct {
	last  *command   // the client's REST that no transfer command has followed to the server
	stale []*command // such RESTs whose transfer command was answered here; the last that the server accepts holds
	kept  bool       // the server has refused to forget it, in answer to REST 0
}

// unmade notes that a transfer command does not reach the server.
func (r *restart) unmade() {
	if r.last != nil {
		r.stale, r.last = append(r.stale, r.last), nil
	}
	r.kept = false
}

// replied notes what the server makes of a REST. One that it accepts takes the
// place of any before it.
func (r *restart) replied(c *command, code int) {
	accepted, whole := class(code) == 3, strings.Trim(c.arg, " 0") == ""
	i := slices.Index(r.stale, c)
	switch {
	case c.hidden && !accepted:
		r.kept = true
	case c.hidden:
		r.stale = nil
	case accepted && i >= 0:
		r.stale = r.stale[i:]
		if whole {
			r.stale = r.stale[1:]
		}
	case i >= 0:
		r.stale = slices.Delete(r.stale, i, i+1)
	case accepted && r.last == c:
		r.stale = nil
		if whole {
			r.last = nil
		}
	case r.last == c:
		r.last = nil
	}
}

var errRestartKept = errors.New("the server does not forget the restart point of the last one")

// withheld reports whether l is a transfer command that must wait until a
// restart point is withdrawn.
func (s *Session) withheld(l Line) bool {
	if len(s.restart.stale) == 0 || s.restart.kept {
		return false
	}
	c := parseCommand(l.Text)
	return c.kind == kindTransfer && s.denial(newTransfer(c)) == nil
}

// withdraw withdraws the restart point that l must wait for, once that can be
// done.
func (s *Session) withdraw(l Line) {
	if s.wait == nil && s.withheld(l) && !s.awaitsFacts(l) && s.quiet() {
		s.wait = &command{kind: kindPlain, verb: "REST", arg: "0", hidden: true}
		s.forward(s.wait, []byte("REST 0"))
	}
}

// quiet reports whether the server owes no reply, but to commands that it may
// never answer.
func (s *Session) quiet() bool {
	for _, c := range s.pending {
		if c.own == nil && (!c.mute || c.request != nil) {
			return false
		}
	}
	return len(s.out) == 0 && s.reply == nil && !s.transferring()
}

// restartReply takes the server's answer to a REST.
func (s *Session) restartReply(c *command, code int) {
	s.restart.replied(c, code)
	if s.wait == c {
		s.wait = nil
	}
}
