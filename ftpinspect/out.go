package ftpinspect

import "slices"

// slot is a reply for the client that may have to wait. Lines of a closed slot
// go out as soon as no open one is before it.
type slot struct {
	lines [][]byte
	open  bool
	held  *transfer // the transfer whose last reply this is
	done  func()    // called when the slot has gone out
}

// relay passes a reply line to the client, behind what waits.
func (s *Session) relay(line []byte) {
	if len(s.out) == 0 {
		s.toClient(line)
		return
	}
	o := s.out[len(s.out)-1]
	if o.open || o.done != nil {
		o = s.newSlot()
		o.open = false
	}
	s.keep(o, line)
}

func (s *Session) relayAll(lines [][]byte) {
	for _, l := range lines {
		s.relay(l)
	}
}

func (s *Session) newSlot() *slot {
	o := &slot{open: true}
	s.out = append(s.out, o)
	return o
}

func (s *Session) keep(o *slot, line []byte) {
	o.lines = append(o.lines, line)
	s.outSize += len(line)
}

// fill closes a slot with what the client is to get in its place.
func (s *Session) fill(o *slot, lines ...[]byte) {
	for _, l := range o.lines {
		s.outSize -= len(l)
	}
	o.lines, o.open = nil, false
	for _, l := range lines {
		s.keep(o, l)
	}
	s.flush()
}

// flush sends what no longer waits.
func (s *Session) flush() {
	for len(s.out) > 0 && !s.out[0].open {
		o := s.out[0]
		s.out = s.out[1:]
		for _, l := range o.lines {
			s.outSize -= len(l)
			s.toClient(l)
		}
		if o.done != nil {
			o.done()
		}
	}
	s.finish()
}

// behindMute reports whether an answer of ours waits, and for a command that
// the server may never answer.
func (s *Session) behindMute(own *command) bool {
	i := slices.Index(s.pending, own)
	return i > 0 && slices.ContainsFunc(s.pending[:i], (*command).unheard)
}

// unheard reports whether the server may have swallowed the command. A request
// for a data connection has a timer of its own, and the answer to what was asked
// ahead may still come: it must not be taken for another.
func (c *command) unheard() bool { return c.mute && c.own == nil && c.request == nil && !c.unasked() }

// answerOverdue gives up the commands that were swallowed before an answer of
// ours. While a transfer runs the server may still come to them.
func (s *Session) answerOverdue(own *command) {
	switch {
	case !s.behindMute(own):
	case s.transferring(), s.dataUnderWay(), s.reply != nil:
		s.startTimer(TimerIdle, func() { s.answerOverdue(own) })
	default:
		i := slices.Index(s.pending, own)
		s.pending = append(slices.DeleteFunc(slices.Clone(s.pending[:i]), (*command).unheard), s.pending[i:]...)
		s.settle()
	}
}

func (s *Session) toClient(line []byte) {
	if code, more := ReplyCode(line); code != 0 && !more {
		s.lastReply = code
	}
	s.do(ToClient(withCRLF(line)))
}

func (s *Session) toServer(line []byte) { s.do(ToServer(withCRLF(line))) }

func withCRLF(line []byte) []byte { return append(slices.Clip(line), '\r', '\n') }
