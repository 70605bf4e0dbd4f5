package tunnel

import (
	"bytes"
	"slices"
	"time"

	"ftptunnel/ftpinspect"
)

// transfer is a transfer that the server has begun, until its end is reported.
type transfer struct {
	ftpinspect.Transfer
	size    int64
	id      ftpinspect.ID
	pair    *pair // nil if its data connection has not come
	began   time.Time
	client  Mode
	server  Mode
	aborted bool  // by the client
	err     error // why its data connection cannot come

	completed bool
	code      int
	reply     string
}

// begin notes that the server has begun a transfer.
func (s *session) begin(b ftpinspect.Begin) {
	t := &transfer{Transfer: b.Transfer, size: b.Size, id: b.ID, began: time.Now()}
	s.transfers = append(s.transfers, t)
	d := s.data[b.ID]
	if d != nil {
		t.client, t.server = d.modes()
	}
	s.t.running.add(s, t)
	s.t.observe(TransferStarted{
		Session: s.id, Target: s.target, Path: t.Path, Verb: t.Verb, Direction: t.Direction, Size: t.size,
		ClientMode: t.client, ServerMode: t.server,
	})
	if d != nil {
		d.begin(t)
	}
}

// begin gives a transfer the connection that is there for it, or the next one.
func (d *dataConn) begin(t *transfer) {
	d.begins++
	for _, p := range d.pairs {
		if p.transfer == nil {
			p.take(t)
			d.tidy()
			return
		}
	}
	d.waiting = append(d.waiting, t)
}

// abandon has a transfer that was refused wait for no connection any more: the
// next one is for the transfer after it.
func (d *dataConn) abandon(t *transfer) {
	d.waiting = slices.DeleteFunc(d.waiting, func(w *transfer) bool { return w == t })
}

// modes tells who listens, as either peer sees it.
func (d *dataConn) modes() (client, server Mode) {
	client, server = Active, Passive
	if d.want.Client.Listen {
		client = Passive
	}
	if d.want.Server.Listen {
		server = Active
	}
	return client, server
}

// noteAbort notes that the client wants no more of the transfers that run.
func (s *session) noteAbort(line []byte) {
	if !bytes.EqualFold(bytes.TrimSpace(line), []byte("ABOR")) {
		return
	}
	for _, t := range s.transfers {
		if !t.completed {
			t.aborted = true
			s.alarms.after(s.limits.Abort, func() { s.endAborted(t) })
		}
	}
}

// endAborted breaks a download off that goes on although its client has aborted
// it. vsftpd 3.0.3, ProFTPD 1.3.8 and inetutils-ftpd 2.4 look at a plain ABOR
// only when they have sent all, and the urgent data that would interrupt them
// does not exist in SSH; tnftp and inetutils-ftp read the whole file meanwhile.
func (s *session) endAborted(t *transfer) {
	if t.Direction == ftpinspect.Download && !t.completed && t.pair != nil {
		t.pair.breakOff(errAborted)
	}
}

// complete notes that the client has got a transfer's last reply.
func (s *session) complete(c ftpinspect.Complete) {
	for _, t := range s.transfers {
		if t.id == c.ID && !t.completed && t.Transfer == c.Transfer {
			t.completed, t.code, t.reply = true, c.Code, c.Reply
			d := s.data[t.id]
			if d != nil && t.code >= 400 {
				d.abandon(t)
			}
			if t.pair == nil && (t.aborted || !d.awaits(t)) || t.pair != nil && t.pair.ended {
				s.endTransfer(t)
			}
			return
		}
	}
}

// awaits reports whether the data connection of a transfer can still come.
func (d *dataConn) awaits(t *transfer) bool {
	return d != nil && !d.closed && slices.Contains(d.waiting, t)
}

// dataEnded notes that a transfer's data connection is over. The end of an
// aborted one may have been reported before it came.
func (s *session) dataEnded(t *transfer) {
	if t.completed && slices.Contains(s.transfers, t) {
		s.endTransfer(t)
	}
}

// endTransfer reports a transfer's end.
func (s *session) endTransfer(t *transfer) {
	for i, o := range s.transfers {
		if o == t {
			s.transfers = append(s.transfers[:i], s.transfers[i+1:]...)
			break
		}
	}
	e := TransferEnded{
		Session: s.id, Target: s.target, Directory: t.Directory, Path: t.Path, Verb: t.Verb, Direction: t.Direction,
		ClientMode: t.client, ServerMode: t.server, Elapsed: time.Since(t.began),
		Code: t.code, Reply: t.reply, Aborted: t.aborted, Err: t.broken(),
	}
	e.Bytes, e.Digest = s.passed(t)
	s.t.running.remove(t)
	s.t.mu.Lock()
	s.t.cuts.note(e)
	s.t.mu.Unlock()
	s.t.observe(e)
}

// passed tells how many bytes of a transfer were passed on and, if that is
// asked for, their hash: that of no bytes if its data connection has not come.
func (s *session) passed(t *transfer) (bytes int64, digest []byte) {
	switch {
	case t.pair != nil && t.pair.joined:
		return t.pair.flows[t.Direction].sum()
	case s.t.Hash != nil:
		return 0, s.t.Hash().Sum(nil)
	}
	return 0, nil
}

// broken is what cut a transfer; nil if its data has ended well and its reply
// was delivered.
func (t *transfer) broken() error {
	switch {
	case t.pair != nil && t.pair.outcome.Broken == errUnread && refused(t.code): // by the server
	case t.pair != nil && t.pair.outcome.Broken != nil:
		return t.pair.outcome.Broken
	case t.err != nil:
		return t.err
	case !t.completed || t.code == 421:
		return errNoComplete
	}
	return nil
}

// refused reports whether a transfer's last reply is the server's word that it has
// failed: 421 is the session's end, and 426 may be ours.
func refused(code int) bool { return code >= 400 && code != 421 && code != 426 }

// endTransfers reports the transfers that the session's end has cut.
func (s *session) endTransfers() {
	for len(s.transfers) > 0 {
		s.endTransfer(s.transfers[0])
	}
}
