package ftpinspect

import (
	"errors"
	"slices"
)

// transfer is a transfer command and what has come of it.
type transfer struct {
	Transfer

	begun       bool // the server has sent a 1yz
	again       bool // and another one
	aborted     bool // an ABOR was forwarded
	over        bool // the server has sent its last reply
	expectation *expectation
	conn        *conn // nil while its data connection is still to come
	slot        *slot // where its last reply waits
	code        int
	first       string

	announced int64 // bytes, by the server's 1yz; 0 if it does not say
	remaining bool  // and those before a restart are left out
}

var directions = map[string]Direction{"STOR": Upload, "STOU": Upload, "APPE": Upload}

// IsListing reports whether a transfer command, in capitals, is for a directory
// and not for a file.
func IsListing(verb string) bool { return verb == "LIST" || verb == "NLST" || verb == "MLSD" }

// beginTransfer forwards a transfer command, unless it is known that no data
// connection can come.
func (s *Session) beginTransfer(c *command) {
	c.transfer = newTransfer(c)
	s.ahead.due = nil
	err := s.denial(c.transfer)
	if err == nil && len(s.restart.stale) > 0 {
		err = errRestartKept
	}
	if err != nil {
		s.answer(c, replyNoData(err.Error()))
		return
	}
	s.restart.last = nil
	s.hasten(c.transfer)
	s.keepListing(c.transfer)
	s.forward(c, c.line)
	s.askWith(c)
}

func newTransfer(c *command) *transfer {
	return &transfer{Transfer: Transfer{Verb: c.verb, Path: c.arg, Direction: directions[c.verb]}}
}

// denial is why no data connection can come for a transfer; nil if one can, or
// if the client's request for one is unanswered.
func (s *Session) denial(t *transfer) error {
	switch e := s.current; {
	case s.asking(), s.opening():
		return nil
	case s.promises.unmade != nil:
		return s.promises.unmade
	case e != nil && e.failed != nil:
		return e.failed
	case s.shutFor(t):
		return errShut
	case s.astray():
		return errAstray
	}
	return nil
}

var (
	errShut   = errors.New("the last one was for a download, ask for another")
	errAstray = errors.New("the last one was used, ask for another")
)

// asking reports whether a client's request for a data connection is
// unanswered.
func (s *Session) asking() bool {
	for _, c := range s.pending {
		if c.request != nil && c.own == nil && !c.request.ahead {
			return true
		}
	}
	return false
}

// opening reports whether a request of the client waits for a listener.
func (s *Session) opening() bool {
	return slices.ContainsFunc(s.expectations, func(e *expectation) bool { return e.request.state == stateOpening })
}

// begun notes that the server has begun a transfer.
func (s *Session) begun(t *transfer) {
	if t.begun {
		t.again = true
		return
	}
	t.begun = true
	s.claim(t)
}

// claim ties a transfer to the data connection that the dialogue has announced
// last.
func (s *Session) claim(t *transfer) {
	t.Directory = s.directory
	e := s.announced
	if e == nil {
		s.do(Begin{Transfer: t.Transfer, Size: s.size(t)})
		return
	}
	e.claim(t)
	s.do(Begin{ID: e.id, Transfer: t.Transfer, Size: s.size(t)})
	if e.waits {
		e.waits = false
		s.do(DialClient{e.id})
	}
}

// silent reports whether the server may have ended a download without a word:
// Pure-FTPd 1.0.50 sends a second 150 instead when the client closes the data
// connection early. One that was cut otherwise is owed its last reply.
func (t *transfer) silent() bool {
	return t.again && t.Direction == Download && t.conn != nil && t.conn.ended && t.conn.outcome.Broken == nil
}

// transferReply takes the last reply to a transfer. It goes to the client at
// once, or when the data has.
func (s *Session) transferReply(c *command, r *reply) {
	t := c.transfer
	s.last = c
	if t.expectation == nil && class(r.code) == 2 {
		s.claim(t) // completed without a 1yz
	}
	t.over, t.code, t.first, t.slot = true, r.code, string(r.first), r.slot
	t.slot.done = func() { s.do(t.complete()) }
	s.learnFrom(t)
	s.askAfter(t)
	if !s.mustHold(t) {
		s.conclude(t)
		return
	}
	if t.conn == nil {
		s.startTimer(TimerData, func() { s.neverCame(t) })
		return
	}
	s.watch(t)
}

// watch bounds the silence of the server's end of a held download. An upload is
// over when its client ends it.
func (s *Session) watch(t *transfer) {
	if t.Direction == Download {
		s.do(Watch{t.expectation.id})
	}
}

func (t *transfer) complete() Complete {
	return Complete{ID: t.id(), Transfer: t.Transfer, Code: t.code, Reply: t.first}
}

func (t *transfer) id() ID {
	if t.expectation == nil {
		return 0
	}
	return t.expectation.id
}

// mustHold reports whether a transfer is called complete while its data has not
// come to its end. Control and data are different SSH channels: a client that
// gets the 226 before a download takes a short file for a whole one, and a
// server whose data channel was lost has seen an end of file that is not the
// client's.
func (s *Session) mustHold(t *transfer) bool {
	switch {
	case class(t.code) != 2, t.aborted, s.blocks, t.expectation == nil:
		return false
	case t.conn == nil:
		return t.begun
	}
	return !t.conn.ended
}

// release lets a reply go that was held for this transfer's data.
func (s *Session) release(t *transfer) {
	if t.over && t.slot.open {
		s.conclude(t)
	}
}

// conclude gives the client the last reply to a transfer: the server's, or a
// 426 where the server calls a transfer complete that was cut. A server may keep
// an upload that was aborted, as if it were whole.
func (s *Session) conclude(t *transfer) {
	wanted := !t.aborted || t.Direction == Upload
	if c := t.conn; class(t.code) == 2 && wanted && c != nil && c.ended && c.outcome.Broken != nil {
		s.cut(t, replyCut(c.outcome.Broken.Error(), c.outcome.Bytes))
		return
	}
	s.promises.keep(t)
	t.slot.held = nil
	if refuses(t.code) {
		t.abandon()
	}
	s.fill(t.slot, t.slot.lines...)
	s.tidy(t.expectation)
}

func (s *Session) cut(t *transfer, line []byte) {
	t.code, t.first = 426, string(line)
	t.slot.held = nil
	t.abandon()
	s.fill(t.slot, line)
	s.tidy(t.expectation)
}

// abandon has t wait for no data connection any more: the next one is for the
// transfer after it.
func (t *transfer) abandon() {
	if e := t.expectation; e != nil {
		e.waiting = slices.DeleteFunc(e.waiting, func(w *transfer) bool { return w == t })
	}
}

// neverCame ends the wait for a data connection that the server has used, as
// it says, and that nobody has seen.
func (s *Session) neverCame(t *transfer) {
	if t.slot.open && t.conn == nil {
		s.cut(t, replyCut("no data connection came", 0))
	}
}

// aborted notes that the client wants no more of the transfers that run.
func (s *Session) aborted() {
	for _, c := range s.pending {
		if c.transfer != nil {
			c.transfer.aborted = true
		}
	}
	for _, o := range append([]*slot(nil), s.out...) {
		if t := o.held; t != nil {
			t.aborted = true
			s.release(t)
		}
	}
}

// learnFrom notes that an active server could not reach the listener that it
// was told of, so that the next request is bridged.
func (s *Session) learnFrom(t *transfer) {
	e := t.expectation
	if e == nil {
		e = s.announced
	}
	if t.code == 425 && s.cfg.Mode == ModeAuto && e != nil && e.request.server.active() && e.latest == nil {
		s.know.works &^= activeDialects
		s.know.refused |= activeDialects
	}
}
