package tunnel

import (
	"io"
	"strings"
	"testing"
	"time"

	"ftptunnel/ftpinspect"
)

// refuse answers a command for a data connection in the negative.
func (s *ftpScript) refuse(verb string) {
	s.want(verb)
	s.say("425 no")
}

// ahead asks for an active data connection, which takes no time, and begins a
// download with it.
func (c *ftpClient) ahead(line string) *data {
	c.t.Helper()
	var d *data
	began := time.Now()
	d = c.ask("PORT")
	if took := time.Since(began); took > 0 {
		c.t.Errorf("the PORT was answered after %v", took)
	}
	c.say(line)
	return d
}

// got reads a download.
func (d *data) got(want string) {
	d.c.t.Helper()
	b, err := io.ReadAll(d.open())
	if string(b) != want || err != nil {
		d.c.t.Errorf("got %q, %v", b, err)
	}
	d.c.hear("226")
}

// An active client is not kept waiting for the server that listens in its
// stead: a SIZE is there before that has answered, and no RETR.
func TestPortAnsweredAhead(t *testing.T) {
	inLab(t, &Tunnel{Mode: ftpinspect.ModePassive}, func(s *ftpScript) {
		s.login()
		s.warm()
		for range 3 {
			s.want("PASV")
			s.want("SIZE f")
			time.Sleep(time.Second)
			l, err := s.side.Listen(s.t.Context(), "tcp", "127.0.0.1:2000")
			if err != nil {
				s.fail("%v", err)
			}
			s.say("227 Entering Passive Mode (127,0,0,1,7,208).", "213 7")
			s.want("RETR f")
			s.say("150 here")
			c := s.accept(l)
			l.Close()
			c.Write([]byte("content"))
			c.Close()
			s.say("226 done")
		}
		s.idle()
	}, func(l *lab) {
		c := l.login()
		c.warm()
		for range 3 {
			d := c.ahead("SIZE f")
			c.say("RETR f")
			c.hear("213")
			c.hear("150")
			d.got("content")
		}
	})
}

// A server that refuses what its client has got a 200 for already is asked in
// every other way, and the client gets its file. From then on it waits.
func TestPortAnsweredAheadRefused(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.warm()
		s.refuse("PASV")
		s.refuse("EPSV")
		address := s.port()
		s.say("200 yes")
		s.want("RETR g")
		s.say("150 here")
		c := s.dial(address)
		c.Write([]byte("active"))
		c.Close()
		s.say("226 done")
		s.port()
		time.Sleep(time.Second)
		s.say("200 yes")
		s.idle()
	}, func(l *lab) {
		l.ssh.set(func(s *memSide) { s.rtt = 30 * time.Millisecond })
		c := l.login()
		if got := c.get("PORT", "RETR warm"); string(got) != "warm" {
			t.Errorf("got %q", got)
		}
		d := c.ahead("RETR g")
		c.hear("150")
		d.got("active")
		within(t, time.Second, func() { c.ask("PORT") })
	})
}

// Where no way is left the transfer is refused with the cause, and the server
// never hears of it.
func TestPortAnsweredAheadInVain(t *testing.T) {
	inLab(t, &Tunnel{Mode: ftpinspect.ModePassive}, func(s *ftpScript) {
		s.login()
		s.warm()
		s.refuse("PASV")
		s.refuse("EPSV")
		s.want("NOOP")
		s.say("200 yes")
		s.warm()
		s.idle()
	}, func(l *lab) {
		c := l.login()
		c.warm()
		c.ahead("RETR g")
		if line := c.hear("425"); !strings.Contains(line, "the server answered EPSV with 425 no") {
			t.Errorf("got %q", line)
		}
		c.do("NOOP", "200")
		c.warm()
	})
}
