package testenv

import "strings"

// say sends a reply, in the form described at Faults.
func (s *ftpSession) say(reply string) {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	if s.collect != nil {
		*s.collect = append(*s.collect, reply)
		return
	}
	s.write(reply)
}

// hush begins or ends a silence.
func (s *ftpSession) hush(silent bool) {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	s.silent = silent
}

// write is called with wmu held. A connection that fails is noticed by its
// reader.
func (s *ftpSession) write(reply string) {
	if s.silent {
		return
	}
	if !strings.HasSuffix(reply, "\n") {
		reply = strings.ReplaceAll(reply, "\n", "\r\n") + "\r\n"
	}
	_, _ = s.conn.Write([]byte(reply))
}

// takePostponed returns the replies that are due after this command's, and
// begins to hold back the present one's if it is to be postponed.
func (s *ftpSession) takePostponed(hold bool) []string {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	late := s.postponed
	s.postponed = nil
	if hold {
		s.collect = &s.postponed
	}
	return late
}

func (s *ftpSession) settlePostponed(late []string) {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	s.collect = nil
	for _, reply := range late {
		s.write(reply)
	}
}
