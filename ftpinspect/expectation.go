package ftpinspect

import (
	"net/netip"
	"slices"
)

// expectation is a data connection that the dialogue has announced, and the
// connections that have come of it.
type expectation struct {
	id      ID
	request *request
	waits   bool // its client is dialled on DialClient
	failed  error
	over    bool // forgotten by the caller
	shut    bool // the server was sent an end of file on it

	clientListener netip.AddrPort // the caller's listeners, known with Met
	listener       netip.AddrPort

	latest  *conn       // the connection that was joined last
	spare   *conn       // latest, if no transfer has begun on it yet
	waiting []*transfer // those that have begun before their connection
}

// conn is one data connection of an expectation.
type conn struct {
	transfer *transfer
	ended    bool
	outcome  Outcome
}

// expect announces a data connection to the caller.
func (s *Session) expect(r *request, server End) {
	passive := !server.Listen
	e := &expectation{id: s.takeID(r), request: r, waits: passive && !r.client.Listen}
	r.expectation = e
	s.expectations = append(s.expectations, e)
	s.do(Expect{
		ID:          e.id,
		Client:      r.client,
		Server:      server,
		DialFirst:   passive && !s.know.Dialled,
		ClientWaits: e.waits,
	})
}

func (s *Session) find(id ID) *expectation {
	for _, e := range s.expectations {
		if e.id == id {
			return e
		}
	}
	return nil
}

// establish makes e the expectation that transfers use, and ends the one
// before it.
func (s *Session) establish(e *expectation) {
	if s.current != nil && s.current != e {
		s.forget(s.current)
	}
	s.current, s.announced, s.ahead.ours = e, e, false
	s.promises.unmade = nil
}

func (s *Session) forget(e *expectation) {
	if s.current == e {
		s.current = nil
	}
	if s.announced == e {
		s.announced = nil
	}
	s.do(Forget{e.id})
	e.over = true
	s.tidy(e)
}

// tidy drops e once it is over and no transfer has anything to expect of it.
func (s *Session) tidy(e *expectation) {
	open := func(t *transfer) bool { return !t.over || t.slot.open }
	if e != nil && e.over && !e.inUse() && !slices.ContainsFunc(e.waiting, open) {
		s.drop(e)
	}
}

// inUse reports whether a transfer is using a connection of e.
func (e *expectation) inUse() bool {
	return e.latest != nil && !e.latest.ended && e.latest.transfer != nil
}

// remove takes away an expectation that came to nothing.
func (s *Session) remove(e *expectation) {
	if s.announced == e {
		s.announced = s.current
	}
	s.drop(e)
}

// drop forgets e in this session, too, once nothing of it can be reported.
func (s *Session) drop(e *expectation) {
	s.expectations = slices.DeleteFunc(s.expectations, func(x *expectation) bool { return x == e })
}

// Joined says that both ends of a data connection are connected.
func (s *Session) Joined(id ID) []Effect {
	if e := s.find(id); e != nil {
		if !e.request.server.active() {
			s.know.Dialled = true
		}
		e.join(&conn{})
		if t := e.latest.transfer; t != nil && t.over && s.mustHold(t) {
			s.watch(t) // its reply came first, and is held
		}
	}
	return s.take()
}

// join adds a connection, for the transfer that waits for it or for the next.
func (e *expectation) join(c *conn) {
	e.latest = c
	if len(e.waiting) > 0 {
		c.transfer = e.waiting[0]
		c.transfer.conn = c
		e.waiting = e.waiting[1:]
		return
	}
	e.spare = c
}

// claim gives a transfer that begins the connection that is there for it.
func (e *expectation) claim(t *transfer) {
	t.expectation = e
	if e.spare == nil {
		e.waiting = append(e.waiting, t)
		return
	}
	t.conn, e.spare.transfer = e.spare, t
	e.spare = nil
}

// Ended says that a data connection is over. A connection that never came
// because an end could not be dialled has ended, too.
func (s *Session) Ended(id ID, o Outcome) []Effect {
	e := s.find(id)
	if e == nil {
		return s.take()
	}
	if e.latest == nil || e.latest.ended {
		e.join(&conn{})
	}
	s.listed(o.Listing)
	o.Listing = nil // it is kept as long as it is of use, and not as long as e
	c := e.latest
	c.ended, c.outcome = true, o
	switch {
	case c.transfer != nil:
		s.release(c.transfer)
	case o.Broken != nil && !e.request.server.active():
		e.failed = o.Broken // a transfer that is asked for now cannot have data
	}
	s.tidy(e)
	s.pump()
	s.finish()
	return s.take()
}

// DialFailed says that the server's end could not be dialled beside the reply.
// A transfer command that was sent gets the server's own answer, if that comes
// soon; one that was not sent is answered at once (see beginTransfer). The ID
// may be that of a DialAhead.
func (s *Session) DialFailed(id ID, err error) []Effect {
	e := s.find(id)
	if e == nil {
		s.dialAheadFailed(id)
		return s.take()
	}
	e.failed = err
	s.ahead.off = s.ahead.off || e.request.adopted
	s.promises.doubt(e.request)
	s.dialLater()
	s.dataFailed(e, err)
	return s.take()
}

// dialLater has the next passive address dialled before the client is told: the
// server may not be reachable there.
func (s *Session) dialLater() {
	s.know.Dialled = false
	s.know.works &^= passiveDialects
}

// dataFailed bounds the wait for the reply to transfers that were sent and
// whose data connection cannot come.
func (s *Session) dataFailed(e *expectation, err error) {
	for _, c := range s.pending {
		t := c.transfer
		if t != nil && c.own == nil && (t.expectation == e || t.expectation == nil && e == s.announced) {
			s.startTimer(TimerReply, func() { s.overdue(c, err) })
		}
	}
}

// overdue ends a session whose server keeps waiting for a data connection that
// cannot come.
func (s *Session) overdue(c *command, err error) {
	for _, p := range s.pending {
		if p == c {
			s.toClient(replyGone("no data connection to the FTP server: " + err.Error()))
			s.close("no data connection to the FTP server")
			return
		}
	}
}
