package tunnel

import (
	"io"
	"time"

	"ftptunnel/ftpinspect"
)

// controlGone acts on the end of a control connection, once its last line was
// taken.
func (s *session) controlGone(k *control) {
	err := k.end
	if err == io.EOF {
		err = nil
	}
	if k.peer == Client {
		s.step((*ftpinspect.Session).ClientGone)
		return
	}
	if err != nil {
		s.err = err
	}
	s.step(func(i *ftpinspect.Session) []ftpinspect.Effect { return i.ServerGone(err) })
}

// sayGoodbye ends the session with a 421, in words of our own.
func (s *session) sayGoodbye(reason string) {
	if !s.closing {
		s.send(Client, []byte("421 "+ftpinspect.Printable(reason)+".\r\n"))
		s.close(reason)
	}
}

// close ends the session once what was written has been read, and the data
// that is under way has ended. Until then what the peers send is dropped.
func (s *session) close(reason string) {
	if s.closing {
		return
	}
	s.closing, s.reason = true, reason
	for _, d := range s.data {
		d.forget()
		d.dropHalves(errStopped)
	}
	s.client.out.finish()
	if s.server != nil {
		s.server.out.finish()
	}
}

// consider looks whether it is time to go.
func (s *session) consider() {
	s.considerDraining()
	s.considerAbandoned()
	switch {
	case s.opaque && s.client.gone && s.server.gone:
		s.close("the encrypted session ended")
	case !s.closing && s.server == nil && s.client.end != nil && !s.saidAll():
		s.close("the client left")
	}
	if s.closing && !s.lingering && !s.dataUnderWay() {
		s.lingering = true
		s.alarms.after(s.limits.Linger, func() { s.over = true })
	}
}

// saidAll reports whether a client has said something and then ended its half of
// the connection: it may still listen for the answers.
func (s *session) saidAll() bool { return s.client.end == io.EOF && s.early > 0 }

// considerDraining ends a session that has nothing to do, when the tunnel is
// coming to its end.
func (s *session) considerDraining() {
	if !s.draining || s.closing || s.opaque || s.dataUnderWay() {
		return
	}
	if s.inspector == nil || s.inspector.Idle() {
		s.sayGoodbye("the tunnel is shutting down")
	}
}

// considerAbandoned bounds the stay of a server whose client is gone: it was
// sent an end of file and should end, too.
func (s *session) considerAbandoned() {
	if s.closing || !s.client.gone || s.dataUnderWay() {
		s.alarms.cancel(s.abandoned)
		s.abandoned = nil
		return
	}
	if s.abandoned == nil {
		s.abandoned = s.alarms.after(s.limits.Abandoned, func() { s.close("the client left") })
	}
}

// finished reports whether nothing is left to be waited for.
func (s *session) finished() bool {
	if s.over {
		return true
	}
	return s.lingering && s.client.end != nil && s.client.out.idle() && (s.server == nil || s.server.out.idle())
}

// dataUnderWay reports whether a data connection is carrying a transfer.
func (s *session) dataUnderWay() bool {
	for _, d := range s.data {
		if d.busy() {
			return true
		}
	}
	return false
}

// shutDown ends everything that the session has started and waits for it. A
// session that was stopped tells its client so, as far as that can be done at
// once.
func (s *session) shutDown() {
	if !s.closing {
		s.reason = "the tunnel was stopped"
		for _, d := range s.data {
			d.stop()
		}
		s.send(Client, []byte("421 The tunnel is shutting down.\r\n"))
		s.client.out.finish()
	}
	if !s.over {
		s.flush(time.Second) // of a goodbye, too, that was said a moment ago
	}
	s.cancel()
	for _, d := range s.data {
		d.stop()
	}
	s.alarms.stop()
	s.client.conn.Close()
	if s.server != nil {
		s.server.conn.Close()
	}
	s.wg.Wait()
	s.t.leaveData(len(s.data))
	s.endTransfers()
	s.t.observe(SessionEnded{Session: s.id, Elapsed: time.Since(s.started), Reason: s.reason, Err: s.err})
}

// flush waits for the last lines to be written, for at most d.
func (s *session) flush(d time.Duration) {
	limit := time.NewTimer(d)
	defer limit.Stop()
	for !s.client.out.idle() {
		select {
		case <-s.wake:
		case <-limit.C:
			return
		}
	}
}
