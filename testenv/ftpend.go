package testenv

import (
	"errors"
	"io"
	"syscall"
	"time"
)

// conclude ends the data connection and says how the transfer went.
func (t *transfer) conclude(conn *gatedConn, err error) {
	switch {
	case errors.Is(err, errCut):
		t.cut(conn)
		return
	case err != nil && t.to != nil && t.faults.TakesResets && errors.Is(err, syscall.ECONNRESET):
		err = nil
	}
	if err == nil && t.from != nil && t.faults.Linger {
		linger(conn)
	}
	t.session.release(conn)
	switch {
	case t.aborted.Load():
		t.final("426 Transfer aborted.")
	case err != nil && t.from != nil:
		t.final("426 Failure writing network stream.")
	case err != nil:
		t.final("426 Failure reading network stream.")
	default:
		t.session.server.counts.add(func(c *FTPCounts) { c.Completed++ })
		t.session.pause(t.faults.LateReply)
		if !t.faults.EarlyReply {
			t.final(t.end)
		}
	}
}

// cut ends a transfer as Faults.Cut has ordered.
func (t *transfer) cut(conn *gatedConn) {
	reply := t.faults.CutReply
	if reply == "" {
		reply = "426 Connection closed; transfer aborted."
	}
	switch t.faults.Cut {
	case CutVanish:
		reset(conn)
		reset(t.session.tcp)
		return
	case CutReset:
		reset(conn)
	}
	t.session.release(conn)
	if !t.faults.EarlyReply {
		t.final(reply)
	}
}

// linger waits for the client to close its side, as ProFTPD does before its
// 226.
func linger(conn *gatedConn) {
	const lingerTimeout = 10 * time.Second
	if closeWrite(conn) != nil {
		return
	}
	_ = conn.SetReadDeadline(time.Now().Add(lingerTimeout))
	_, _ = io.Copy(io.Discard, struct{ io.Reader }{conn})
}
