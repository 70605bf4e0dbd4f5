package tunnel

// holdServer keeps the server's end of an upload open that the client has
// reset: an ABOR may be on its way, and an end of file, which is all that an
// SSH server can show the FTP server, would make a short file a whole one.
func (p *pair) holdServer() {
	s := p.d.s
	s.dispose(p.conns[Client], abort)
	s.held = append(s.held, p)
	s.alarms.after(s.limits.CutUpload, func() { s.release(p) })
}

// onHold reports whether the server's end is held.
func (p *pair) onHold() bool {
	for _, h := range p.d.s.held {
		if h == p {
			return true
		}
	}
	return false
}

// release closes the server's end of a cut upload.
func (s *session) release(p *pair) {
	for i, h := range s.held {
		if h == p {
			s.held = append(s.held[:i], s.held[i+1:]...)
			s.dispose(p.conns[Server], abort)
			p.considerRelease()
			return
		}
	}
}

// releaseCutUploads is for a server that has answered: it knows what it needs
// to know.
func (s *session) releaseCutUploads() {
	for len(s.held) > 0 {
		s.release(s.held[0])
	}
}
