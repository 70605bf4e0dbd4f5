package tunnel

import (
	"bytes"
	"net"
	"slices"

	"ftptunnel/ftpinspect"
)

// control is one of the two control connections of a session. It is owned by
// the session's goroutine, but for what read sends.
type control struct {
	peer  Peer
	conn  net.Conn
	read  chan chunk // from the reader
	lines ftpinspect.Splitter
	out   *lineWriter

	end  error // what ended its reading; nil while it goes on
	gone bool  // that was acted on
}

// chunk is what one Read returned.
type chunk struct {
	data []byte
	err  error
}

// newControl takes a connection over.
func (s *session) newControl(p Peer, c net.Conn) *control {
	max := ftpinspect.MaxCommand
	if p == Server {
		max = ftpinspect.MaxReply
	}
	k := &control{
		peer: p, conn: c, read: make(chan chunk),
		lines: ftpinspect.Splitter{Max: max},
		out:   &lineWriter{conn: c, spawn: s.wg.Go, notify: s.awake},
	}
	s.wg.Go(func() { s.readControl(k) })
	return k
}

// readControl hands on what a control connection sends. It ends when the
// connection does, and that is closed when the session ends.
func (s *session) readControl(k *control) {
	buf := make([]byte, 4096)
	for {
		n, err := k.conn.Read(buf)
		c := chunk{data: bytes.Clone(buf[:n]), err: err}
		select {
		case k.read <- c:
		case <-s.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// source is where the session waits for k: nowhere while what it sends could
// not be passed on.
func (s *session) source(k *control) <-chan chunk {
	if k == nil || k.end != nil || !s.wants(k) {
		return nil
	}
	return k.read
}

// wants reports whether k may be read: whether the inspector can take another
// line of it, and the other peer reads what it is sent.
func (s *session) wants(k *control) bool {
	switch {
	case s.closing:
		return true // to be dropped: unread bytes would turn the close into a reset
	case s.to(k.peer.other()).full():
		return false
	case s.opaque:
		return true
	case k.peer == Client:
		return s.vouching == nil && s.inspector.WantsClient()
	}
	return s.inspector.WantsServer()
}

// to is the writer to a peer.
func (s *session) to(p Peer) *lineWriter {
	if p == Client {
		return s.client.out
	}
	return s.server.out
}

// received takes what a control connection has sent.
func (s *session) received(k *control, c chunk) {
	if c.err != nil {
		k.end = c.err
	}
	switch {
	case s.closing:
	case s.opaque:
		s.copyOpaque(k, c.data)
	default:
		k.lines.Push(c.data)
	}
	if s.server == nil && s.proxy == nil {
		s.early += len(c.data)
	}
}

// pump gives the inspector all lines that it can take.
func (s *session) pump() {
	for s.advance(s.server) || s.advance(s.client) {
		s.settle()
	}
}

// advance takes one step with what k has sent: a line, or its end.
func (s *session) advance(k *control) bool {
	if s.closing || s.opaque || !s.wants(k) {
		return false
	}
	if l, ok := k.lines.Next(); ok {
		if k.peer == Client && s.vouchFor(l) {
			return false
		}
		s.line(k, l)
		return true
	}
	if k.end == nil || k.gone {
		return false
	}
	k.gone = true
	s.controlGone(k)
	return true
}

// line gives the inspector a line.
func (s *session) line(k *control, l ftpinspect.Line) {
	s.said = &said{from: k.peer, text: slices.Clone(l.Text)}
	if k.peer == Client {
		s.step(func(i *ftpinspect.Session) []ftpinspect.Effect { return i.ClientLine(l) })
	} else {
		s.releaseCutUploads()
		s.alarms.cancel(s.abandoned) // it still has something to say
		s.abandoned = nil
		s.step(func(i *ftpinspect.Session) []ftpinspect.Effect { return i.ServerLine(l) })
	}
	s.saidNothing()
}

// copyOpaque passes on bytes that nobody here understands.
func (s *session) copyOpaque(k *control, b []byte) {
	if len(b) > 0 {
		s.to(k.peer.other()).put(b)
	}
	if k.end != nil && !k.gone {
		k.gone = true
		s.to(k.peer.other()).finish()
	}
}
