package ftpinspect

import "bytes"

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
		case c.own != nil, s.passesFact(c, code):
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
		if c.own == nil && c.kind != kindOdd && !s.passesFact(c, code) && (c.takes(code) || c.transfer != nil && class(code) == 2) {
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
		case c.unasked():
			s.noteLate()
			s.factsFailed()
		}
	}
	s.pending = append(kept, s.pending[i:]...)
}

// swallowed ends a request that the server has passed over. The client has no
// answer to expect, unless the server was asked in another way than its own.
func (s *Session) swallowed(r *request) {
	if r.ahead {
		s.noteLate()
		s.aheadFailed(r)
		return
	}
	if r.slot != nil || r.promised {
		s.noteLate()
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

// fits reports whether a reply with this code is what the command would get if
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

// isSyntax reports whether a code is one of 500 to 504: these are about a
// command that was not understood, and never end a transfer that has begun.
func isSyntax(code int) bool { return 500 <= code && code <= 504 }

// yields reports whether the answer to the command may have been left out, or
// may come later, so that this reply can be for a command behind it. No server
// answers PORT with a 1yz. A request that was promised has the commands behind
// it that the client has sent because of the promise.
func (c *command) yields(code int) bool {
	if r := c.request; r != nil && (r.promised || r.server.active() && class(code) == 1) {
		return true
	}
	return c.mute || c.transfer != nil
}

// usual lists the positive replies of commands that clients send during a
// transfer or pipeline before one, less 100 so that each fits a byte.
var usual = map[string][]byte{
	"ABOR": {125, 126}, "STAT": {111, 112, 113}, "QUIT": {121},
	"NOOP": {100}, "TYPE": {100}, "PWD": {157}, "XPWD": {157},
	"SIZE": {113}, "MDTM": {113}, "FEAT": {111}, "SYST": {115}, "CWD": {150, 100},
}

// takes reports whether a command that must be answered next may be answered by
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
