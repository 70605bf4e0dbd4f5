package tunnel

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// vsftpdAhead serves a login and a download, and returns the listener of the
// address that was asked for ahead.
func (s *ftpScript) vsftpdAhead() net.Listener {
	s.loginTo("220 (vsFTPd 3.0.3)")
	return s.serveAhead(s.accept(s.passive()))
}

// The end of file of a download goes ahead of it even when RETR follows at once
// on the answer to PASV, if there was time to dial before.
func TestDialAheadShuts(t *testing.T) {
	inLab(t, &Tunnel{Prefetch: true}, func(s *ftpScript) {
		c := s.accept(s.vsftpdAhead())
		s.want("MDTM")
		time.Sleep(time.Second)
		s.say("213 20200101000000")
		s.want("RETR g")
		if _, err := c.Read(make([]byte, 1)); err != io.EOF { // before the server begins
			s.fail("read: %v", err)
		}
		s.deliver(c, "content")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		l.ssh.set(func(s *memSide) { s.delay = 100 * time.Millisecond })
		c.get("PASV", "RETR f")
		c.do("MDTM g", "213")
		if got := c.get("PASV", "RETR g"); string(got) != "content" {
			t.Errorf("got %q", got)
		}
	})
}

// A request that comes while the server is being dialled ahead takes that dial
// over; there is no other.
func TestDialAheadTakenOver(t *testing.T) {
	for _, verb := range []string{"PASV", "EPSV"} {
		t.Run(verb, func(t *testing.T) {
			inLab(t, &Tunnel{Prefetch: true}, func(s *ftpScript) {
				l := s.vsftpdAhead()
				s.serveAhead(s.accept(l))
				time.Sleep(2 * time.Second)
				if len(l.(*memListener).backlog) > 0 {
					s.fail("the server was dialled twice")
				}
				s.idle()
			}, func(l *lab) {
				c := l.login()
				l.ssh.set(func(s *memSide) { s.delay = time.Second })
				c.get(verb, "RETR f")
				if got := c.get(verb, "RETR f"); string(got) != "content" {
					t.Errorf("got %q", got)
				}
				time.Sleep(3 * time.Second)
			})
		})
	}
}

// Nobody listens at an address from ahead: the server is asked again, and
// neither the client nor the user hears of it.
func TestDialAheadRefused(t *testing.T) {
	inLab(t, &Tunnel{Prefetch: true}, func(s *ftpScript) {
		s.loginTo("220 (vsFTPd 3.0.3)")
		c := s.accept(s.passive())
		s.want("RETR f")
		s.deliver(c, "content")
		s.passiveNowhere()
		c = s.accept(s.passive())
		s.want("RETR f")
		s.deliver(c, "content")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		for range 2 {
			if got := c.get("PASV", "RETR f"); string(got) != "content" {
				t.Errorf("got %q", got)
			}
			synctest.Wait()
		}
		if e := all[DataFailed](l.world); len(e) > 0 {
			t.Errorf("events %+v", e)
		}
	})
}

// What was dialled ahead is closed with the address: when the client ends it,
// leaves or stays away, when the server goes, and with the tunnel. So is a dial
// that is under way.
func TestDialAheadDropped(t *testing.T) {
	for what, drop := range map[string]func(*lab, *ftpClient){
		"abor":   func(_ *lab, c *ftpClient) { c.do("ABOR", "225") },
		"quit":   func(_ *lab, c *ftpClient) { c.do("QUIT", "221") },
		"port":   func(_ *lab, c *ftpClient) { c.do("PORT 10,0,0,1,31,97", "200") },
		"gone":   func(_ *lab, c *ftpClient) { c.conn.Close() },
		"away":   func(*lab, *ftpClient) { time.Sleep(20 * time.Second) },
		"server": func(_ *lab, c *ftpClient) { c.do("NOOP", "421") },
		"drain":  func(l *lab, c *ftpClient) { l.tunnel.Drain(); c.hear("421") },
		"stop":   func(l *lab, _ *ftpClient) { l.stop() },
		"lost":   func(l *lab, c *ftpClient) { l.ssh.lose(); c.hear("421") },
	} {
		for _, delay := range []time.Duration{0, 5 * time.Second} {
			t.Run(what+" "+delay.String(), func(t *testing.T) { dialAheadDropped(t, drop, delay) })
		}
	}
}

// dialAheadDropped has a client drop what was dialled ahead, or is still being
// dialled.
func dialAheadDropped(t *testing.T, drop func(*lab, *ftpClient), delay time.Duration) {
	ended := make(chan error, 1)
	inLab(t, &Tunnel{Prefetch: true}, func(s *ftpScript) {
		next := s.vsftpdAhead()
		go func() {
			n, err := hearEnd(s.accept(next))
			if n > 0 {
				err = errors.New("it was written to")
			}
			ended <- err
		}()
		replies := map[string]string{"ABOR": "225 none", "QUIT": "221 bye", "PORT": "200 yes"}
		for {
			verb, _, _ := strings.Cut(s.line(), " ")
			if replies[verb] == "" {
				return // without an answer
			}
			s.say(replies[verb])
		}
	}, func(l *lab) {
		l.ssh.set(func(s *memSide) { s.delay = delay })
		c := l.login()
		c.get("PASV", "RETR f")
		synctest.Wait()
		drop(l, c)
		time.Sleep(delay + time.Second)
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		default:
			t.Error("what was dialled ahead is still open")
		}
		l.tunnel.mu.Lock()
		defer l.tunnel.mu.Unlock()
		if n := l.tunnel.dataOpen; n > 1 { // the one before
			t.Errorf("%d data connections are counted", n)
		}
	})
}

// Where there is no room for another data connection nothing is dialled ahead,
// and the client is served once there is.
func TestDialAheadWithoutRoom(t *testing.T) {
	inLab(t, &Tunnel{Prefetch: true, Limits: Limits{DataConns: 2}}, func(s *ftpScript) {
		next := s.vsftpdAhead()
		soon, c := s.comes(next)
		if soon {
			s.fail("the server was dialled ahead")
		}
		s.serveAhead(c)
		s.idle()
	}, func(l *lab) {
		other := l.login()
		other.say("PASV")
		c := l.login()
		synctest.Wait()
		c.get("PASV", "RETR f")
		time.Sleep(time.Second)
		other.conn.Close()
		time.Sleep(time.Second)
		if got := c.get("PASV", "RETR f"); string(got) != "content" {
			t.Errorf("got %q", got)
		}
	})
}
