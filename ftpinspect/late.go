package ftpinspect

// noteLate notes that a request was given up whose client gets its answer from
// us. A server that comes to it after all, as behind a link that has stalled,
// answers what nobody asks any more: the client would take that for the answer to
// what it sends next, and every reply from then on for the one before it.
func (s *Session) noteLate() { s.late++ }

// isLate reports whether a reply with this code is such an answer. While a command
// of the client is unanswered it may be for that. A completed transfer, a goodbye
// and the end of the session are none.
func (s *Session) isLate(code int) bool {
	switch {
	case s.late == 0, len(s.pending) > 0, s.quit:
		return false
	case code == 221, code == 226, code == 250, code == 421:
		return false
	}
	return class(code) > 1
}
