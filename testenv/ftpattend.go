package testenv

// maxQueue is how many command lines wait for the end of a transfer; the rest
// waits in the socket.
const maxQueue = 256

// attend serves the control connection until done is closed. The end of the
// control connection does not end a transfer, a reset does.
func (s *ftpSession) attend(t *transfer, done <-chan struct{}, abort func()) {
	lines, broken := s.lines, s.broken
	for {
		open := lines
		if len(s.queue) >= maxQueue {
			open = nil
		}
		select {
		case <-done:
			return
		case <-broken:
			broken = nil
			abort()
		case line, ok := <-open:
			if !ok {
				lines = nil
				continue
			}
			if t.over.Load() {
				s.queue = append(s.queue, line)
				continue
			}
			s.duringTransfer(line, done, abort)
		}
	}
}

func (s *ftpSession) duringTransfer(line string, done <-chan struct{}, abort func()) {
	verb, _ := splitCommand(line)
	mode := s.server.currentFaults().During
	switch {
	case verb == "ABOR" && mode != QueueAll:
		s.log(verb, line)
		abort()
		<-done
		s.say("226 ABOR command successful.")
	case mode == Swallow:
		s.log(verb, line)
		if !s.swallowed {
			s.say("500 Unknown command.")
		}
		s.swallowed = true
	case verb == "STAT" && mode == Queue, mode == Answer && !s.commands[verb].transfer && verb != "QUIT":
		s.execute(line)
	default:
		s.queue = append(s.queue, line)
	}
}
