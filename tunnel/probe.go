package tunnel

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"ftptunnel/ftpinspect"
)

// Probe finds out whether the target is an FTP server: it connects, waits for
// the greeting, and says goodbye. It returns the first line of the greeting.
//
// It must not be called without a Target.
//
// Errors are *DialError, *NotFTPError and *BusyError (421: the server is FTP,
// and serves nobody now), or that of ctx. A server that first sends a 120 is
// waited for; in all a greeting may take Limits.Greeting.
func (t *Tunnel) Probe(ctx context.Context) (greeting string, err error) {
	c, err := t.dialTarget(ctx, t.Target)
	if err != nil {
		return "", err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()

	limits := t.Limits.filled()
	p := prober{conn: c, lines: ftpinspect.Splitter{Max: ftpinspect.MaxReply}}
	code, first, err := p.reply(limits.Greeting)
	for err == nil && code == 120 {
		code, first, err = p.reply(limits.Greeting)
	}
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case code == 421:
		return first, &BusyError{Target: t.Target, Greeting: first}
	case code != 220:
		return first, &NotFTPError{Target: t.Target, Greeting: first, Err: err}
	}
	p.goodbye(limits.Goodbye)
	return first, nil
}

// prober reads the replies of a server that nobody else talks to.
type prober struct {
	conn  net.Conn
	lines ftpinspect.Splitter
	spent time.Duration // of the time for the greeting
}

// goodbye ends the dialogue as RFC 959 has it, so that the server logs no lost
// connection. A server that takes long is left alone.
func (p *prober) goodbye(limit time.Duration) {
	defer time.AfterFunc(limit, func() { p.conn.Close() }).Stop()
	if _, err := p.conn.Write([]byte("QUIT\r\n")); err != nil {
		return
	}
	if _, err := p.line(); err != nil {
		return
	}
	closeWrite(p.conn)
	io.Copy(io.Discard, p.conn)
}

// reply reads one reply, of several lines or one (RFC 959, section 4.2), in
// what is left of limit. Code is 0 if what came is no reply.
func (p *prober) reply(limit time.Duration) (code int, first string, err error) {
	began := time.Now()
	late := time.AfterFunc(limit-p.spent, func() { p.conn.Close() })
	defer func() {
		p.spent += time.Since(began)
		if !late.Stop() && err != nil {
			err = errors.New("it stays silent")
		}
	}()
	for strings.TrimSpace(first) == "" { // blank lines of a banner
		if first, err = p.line(); err != nil {
			return 0, "", err
		}
	}
	code, more := ftpinspect.ReplyCode([]byte(first))
	for more {
		var line string
		if line, err = p.line(); err != nil {
			return 0, first, err
		}
		more = !ftpinspect.EndsReply([]byte(line), code)
	}
	return code, first, nil
}

// line reads a line.
func (p *prober) line() (string, error) {
	buf := make([]byte, 1024)
	for {
		if l, ok := p.lines.Next(); ok {
			return string(l.Text), nil
		}
		n, err := p.conn.Read(buf)
		p.lines.Push(buf[:n])
		if err != nil && n == 0 {
			if err == io.EOF {
				err = ErrClosed
			}
			return "", err
		}
	}
}
