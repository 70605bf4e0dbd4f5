package ftpinspect

// adopt has a client's request take what was asked for ahead, if there is
// something, when the server has answered that and after a pause: curl 7.88.1
// sleeps for a second if the 227 is there already when it has sent its PASV.
func (s *Session) adopt(r *request) bool {
	a := s.ahead.next
	if a == nil || s.blocks || s.epsvAll && a.server != viaEPSV {
		s.forgetAhead()
		return false
	}
	s.wait = r.command
	r.state, r.pauses = stateAwaiting, true
	s.startTimer(TimerPause, func() {
		r.pauses = false
		s.handOver()
	})
	return true
}

// awaiting is the client's request that waits for the answer to one that was
// made ahead, if there is one.
func (s *Session) awaiting() *request {
	if s.wait == nil || s.wait.request == nil || s.wait.request.state != stateAwaiting {
		return nil
	}
	return s.wait.request
}

// handOver gives the address that the server has told to the client's request
// that waits for it. The request was never sent: its answer takes its place
// behind what is unanswered, as that to one that waits for a listener does.
func (s *Session) handOver() {
	r, a := s.awaiting(), s.ahead.next
	if r == nil || r.pauses || a == nil || a.reply == nil {
		return
	}
	s.ahead.next = nil
	if r.server != a.server {
		r.plan = append([]dialect{r.server}, r.plan...)
		r.server = a.server
	}
	r.adopted, r.id = true, a.id
	s.connect(r, a.end, a.reply)
}

// readopt has a request asked of the server after all whose address, asked for
// ahead, nobody listens at any more.
func (s *Session) readopt(r *request) {
	if r.adopted {
		r.adopted, s.ahead.off = false, true
		r.plan = append([]dialect{r.server}, r.plan...)
	}
}

// astray reports whether the server listens where the client was not told: a
// transfer command for which the client has not asked for a data connection
// would have it wait there for nobody.
func (s *Session) astray() bool { return s.ahead.ours }
