package testenv

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
)

// transfer is one use of a data connection: of from and to one is nil.
type transfer struct {
	session *ftpSession
	faults  Faults
	path    dataPath
	from    io.ReadCloser  // what a download sends
	to      io.WriteCloser // where an upload goes
	begin   string         // the preliminary reply
	end     string         // the final reply
	private bool
	ascii   bool
	total   int64
	aborted atomic.Bool
	over    atomic.Bool // what comes now comes after the transfer
}

var errCut = errors.New("cut to order")

// announced says whether a data connection was announced; if not, it replies.
func (s *ftpSession) announced() bool {
	if s.data == nil {
		s.say("425 Use PORT or PASV first.")
	}
	return s.data != nil
}

// transfer carries out t and serves the control connection meanwhile.
func (s *ftpSession) transfer(t *transfer) {
	t.session, t.faults, t.private = s, s.server.currentFaults(), s.private
	if t.begin == "" {
		t.begin = "150 Opening data connection."
	}
	if t.end == "" {
		t.end = "226 Transfer complete."
	}
	t.path = s.takeData(t.faults.KeepPort)
	s.server.counts.add(func(c *FTPCounts) { c.Transfers++ })
	s.swallowed = false
	ctx, cancel := context.WithCancel(s.server.ctx)
	defer cancel()
	done := make(chan struct{})
	s.wg.Go(func() { defer close(done); t.run(ctx) })
	s.attend(t, done, func() {
		t.aborted.Store(true)
		cancel()
	})
}

func (t *transfer) closeFile() {
	if t.from != nil {
		t.from.Close()
	}
	if t.to != nil {
		t.to.Close()
	}
}

// run is the transfer from the opening of its data connection to its last
// reply.
func (t *transfer) run(ctx context.Context) {
	defer t.closeFile()
	s := t.session
	if _, active := t.path.(*activePath); active && t.faults.NeverDial {
		t.preliminary()
		<-ctx.Done()
		t.final("426 Transfer aborted.")
		return
	}
	raw, err := t.path.open(ctx)
	switch {
	case errors.Is(err, errForeign):
		t.refuse("425 Security: Bad IP connecting.")
		return
	case t.aborted.Load() && err != nil:
		t.refuse("426 Transfer aborted.")
		return
	case err != nil:
		t.refuse("425 Failed to establish connection.")
		return
	}
	conn, ok := s.adopt(raw)
	if !ok {
		return
	}
	defer s.release(conn)
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	t.preliminary()
	if t.faults.EarlyReply {
		t.finish(t.end)
	}
	t.conclude(conn, t.carry(ctx, conn))
}

// refuse ends a transfer that has not begun.
func (t *transfer) refuse(reply string) {
	t.over.Store(true)
	t.session.say(reply)
}

func (t *transfer) preliminary() {
	if !t.faults.NoPreliminary {
		t.session.say(t.begin)
	}
}

// final says the last reply. Who has it may send the next command before the
// transfer's goroutine has ended.
func (t *transfer) final(reply string) {
	t.over.Store(true)
	t.finish(reply)
}

func (t *transfer) finish(reply string) {
	if !t.faults.LonePreliminary && reply != "" {
		t.session.say(reply)
	}
}

// carry moves the bytes.
func (t *transfer) carry(ctx context.Context, conn *gatedConn) error {
	var data net.Conn = conn
	if t.private {
		secured := tls.Server(conn, t.session.server.opts.TLS)
		if err := secured.HandshakeContext(ctx); err != nil {
			return err
		}
		data = secured
	}
	var err error
	if t.from != nil {
		err = t.copy(ctx, data, t.source())
	} else {
		err = t.receive(ctx, data)
	}
	if err == nil && t.private {
		err = data.(*tls.Conn).CloseWrite()
	}
	return err
}
