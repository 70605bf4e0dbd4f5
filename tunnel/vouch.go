package tunnel

import (
	"bytes"
	"net"
	"time"

	"ftptunnel/ftpinspect"
)

// Whose a connection is can be told only while its socket is open, and the
// client of a small upload connects, sends its STOR, writes and closes within
// a moment. So an upload's command is not passed on before everybody who has
// connected until then was looked at: a client does not write before the
// server's answer to it.

// uploads are the commands that it is about.
var uploads = [][]byte{[]byte("STOR"), []byte("STOU"), []byte("APPE")}

// vouching is an upload's command that waits for that.
type vouching struct {
	line    ftpinspect.Line
	end     *dataConn
	asked   bool // the listener's goroutine was asked
	settled bool // and has handed on whom it had accepted before
	limit   *alarm
}

// vouchFor lets a line wait if it has to.
func (s *session) vouchFor(l ftpinspect.Line) (waits bool) {
	d := s.unvouched()
	if d == nil || !isUpload(l.Text) {
		return false
	}
	s.vouching = &vouching{line: l, end: d}
	// Strangers who keep coming must not hold the line back for ever.
	s.vouching.limit = s.alarms.after(time.Second, s.vouched)
	s.lookAround()
	return true
}

func isUpload(line []byte) bool {
	line = bytes.TrimLeft(line, " \t")
	for _, u := range uploads {
		if len(line) >= len(u) && bytes.EqualFold(line[:len(u)], u) {
			return true
		}
	}
	return false
}

// unvouched is a data connection whose client may have connected unseen.
func (s *session) unvouched() *dataConn {
	if !s.owner.local {
		return nil
	}
	for _, d := range s.data {
		if tcpListener(d.ends[Client].listener) != nil {
			return d
		}
	}
	return nil
}

// tcpListener is the listener of this machine behind l, nil if there is none.
func tcpListener(l net.Listener) *net.TCPListener {
	local, ok := l.(localListener)
	if !ok {
		return nil
	}
	tcp, _ := local.Listener.(*net.TCPListener)
	return tcp
}

// lookAround goes on waiting, or lets the line go. It is called again whenever
// the listener's goroutine has dealt with somebody.
func (s *session) lookAround() {
	v := s.vouching
	if v == nil {
		return
	}
	tcp := tcpListener(v.end.ends[Client].listener)
	switch {
	case tcp == nil:
		s.vouched() // the client is there
	case arrivalWaits(tcp):
	case !v.asked:
		v.asked = true
		tcp.SetDeadline(time.Unix(1, 0)) // see acceptAll
	case v.settled:
		s.vouched()
	}
}

// emptyHanded notes that the listener's goroutine has nobody in hand: whom it had
// accepted, it has posted to the session.
func (d *dataConn) emptyHanded() {
	if v := d.s.vouching; v != nil && v.end == d {
		v.settled = true
		d.s.lookAround()
	}
}

// vouched passes the line on.
func (s *session) vouched() {
	if v := s.vouching; v != nil {
		s.vouching = nil
		s.alarms.cancel(v.limit)
		s.line(s.client, v.line)
	}
}
