package tunnel

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"ftptunnel/ftpinspect"
)

// A client that asks for its next data connection behind a RETR gets both files,
// though the answer to the dial for the first comes after all that the server
// says of it.
func TestRequestBehindTransfer(t *testing.T) {
	for _, verb := range []string{"PASV", "EPSV", "PORT"} {
		t.Run(verb, func(t *testing.T) {
			inLab(t, &Tunnel{Mode: ftpinspect.ModePassive}, func(s *ftpScript) {
				s.login()
				s.warm()
				first := s.passive()
				s.want("RETR f")
				s.say("150 here", "226 done")
				next := s.passive()
				c := s.accept(first)
				c.Write([]byte("content"))
				c.Close()
				s.want("RETR g")
				s.deliver(s.accept(next), "more")
				s.idle()
			}, func(l *lab) {
				c := l.login()
				c.warm()
				l.ssh.set(func(s *memSide) { s.delay = time.Second })
				d := c.announce(verb)()
				conn := d.connected()
				c.say("RETR f")
				next := c.announce(verb)
				c.hear("150")
				d.read(conn, "content")
				c.hear("226")
				d = next()
				conn = d.connected()
				c.do("RETR g", "150")
				d.read(conn, "more")
				c.hear("226")
				e := await(l.world, func(e TransferEnded) bool { return e.Path == "f" })
				if e.Bytes != 7 || e.Err != nil {
					t.Errorf("event %+v", e)
				}
			})
		})
	}
}

// If that dial fails the client is not left waiting for its file.
func TestRequestBehindTransferInVain(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.warm()
		s.passiveNowhere()
		s.want("RETR f")
		s.say("150 here")
		s.passive()
		time.Sleep(2 * time.Second)
		s.say("425 nobody came")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		c.warm()
		l.ssh.set(func(s *memSide) { s.delay = time.Second })
		conn := c.ask("PASV").connected()
		c.say("RETR f")
		next := c.announce("PASV")
		c.hear("150")
		within(t, time.Second, func() {
			if _, err := hearEnd(conn); err == nil {
				t.Error("the data connection was not reset")
			}
		})
		next()
		c.hear("425")
	})
}

// connected is a passive client's connection, nil if it is still to come.
func (d *data) connected() net.Conn {
	if d.l != nil {
		return nil
	}
	conn := d.open()
	synctest.Wait() // it has been accepted
	return conn
}

// read reads a download from conn or, if that is nil, from who connects.
func (d *data) read(conn net.Conn, want string) {
	d.c.t.Helper()
	if conn == nil {
		conn = d.open()
	}
	if b, err := io.ReadAll(conn); string(b) != want || err != nil {
		d.c.t.Errorf("got %q, %v", b, err)
	}
	conn.Close()
}

// A dial for a transfer that the server gives up after all is not kept count of
// for ever.
func TestRequestBehindTransferGivenUp(t *testing.T) {
	inLab(t, &Tunnel{Mode: ftpinspect.ModePassive}, func(s *ftpScript) {
		s.login()
		s.warm()
		s.passive()
		s.want("RETR f")
		s.say("150 here")
		next := s.passive()
		s.say("451 gone")
		s.want("RETR g")
		s.deliver(s.accept(next), "more")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		c.warm()
		l.ssh.set(func(s *memSide) { s.delay = time.Second })
		first := c.announce("PORT")()
		c.say("RETR f")
		next := c.announce("PORT")
		c.hear("150")
		d := next()
		c.hear("451")
		c.do("RETR g", "150")
		d.read(nil, "more")
		c.hear("226")
		first.l.Close()
		time.Sleep(10 * time.Second)
		l.tunnel.mu.Lock()
		defer l.tunnel.mu.Unlock()
		if n := l.tunnel.dataOpen; n != 1 { // the last one, which may be used again
			t.Errorf("%d data connections are counted", n)
		}
	})
}
