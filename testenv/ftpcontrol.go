package testenv

// SetFaults replaces how the server misbehaves, from the next command on.
func (s *FTPServer) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

func (s *FTPServer) currentFaults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// Freeze makes the server stand still, as SIGSTOP does: connections stay open
// and nothing moves.
func (s *FTPServer) Freeze() { s.gate.close() }

// Thaw ends a Freeze.
func (s *FTPServer) Thaw() { s.gate.open() }

// Drop resets every control and data connection. The server goes on listening.
func (s *FTPServer) Drop() { s.live.resetAll() }

// DropData resets every data connection.
func (s *FTPServer) DropData() {
	for _, session := range s.all() {
		session.resetData()
	}
}

// Say sends a reply that nobody asked for to every session, in the form of
// Faults.
func (s *FTPServer) Say(reply string) {
	for _, session := range s.all() {
		session.say(reply)
	}
}

func (s *FTPServer) all() []*ftpSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*ftpSession
	for session := range s.sessions {
		all = append(all, session)
	}
	return all
}
