package tunnel

import (
	"net"
	"testing"
	"time"
)

// serveAhead serves a download over c, and answers the PASV that comes with it.
func (s *ftpScript) serveAhead(c net.Conn) (next net.Listener) {
	s.want("RETR f")
	s.deliver(c, "content")
	return s.passive()
}

// comes tells whether somebody connects to l within half a second, and who does
// in the end.
func (s *ftpScript) comes(l net.Listener) (soon bool, c net.Conn) {
	came := make(chan net.Conn)
	go func() {
		defer close(came)
		if c, err := l.Accept(); err == nil {
			came <- c
		}
	}()
	select {
	case c = <-came:
		soon = true
	case <-time.After(time.Second / 2):
		c = <-came
	}
	if c == nil {
		s.fail("no data connection")
	}
	s.t.Cleanup(func() { c.Close() })
	return soon, c
}

// A client whose address was asked for ahead waits for no server. To that
// address nothing connects before the client has asked, unless it is one at
// which the server is dialled ahead.
func TestPrefetch(t *testing.T) {
	for greeting, ahead := range map[string]bool{
		"220 (vsFTPd 3.0.3)":                            true,
		"220 box FTP server (GNU inetutils 2.4) ready.": false,
	} {
		t.Run(greeting, func(t *testing.T) {
			inLab(t, &Tunnel{Prefetch: true}, func(s *ftpScript) {
				s.loginTo(greeting)
				next := s.serveAhead(s.accept(s.passive()))
				soon, c := s.comes(next)
				if soon != ahead {
					s.fail("the server was dialled ahead: %v", soon)
				}
				s.serveAhead(c)
				s.idle()
			}, func(l *lab) {
				c := l.login()
				if got := c.get("PASV", "RETR f"); string(got) != "content" {
					t.Errorf("got %q", got)
				}
				time.Sleep(time.Second)
				began := time.Now()
				conn := c.begin("PASV", "RETR f")
				if took := time.Since(began); took != pause {
					t.Errorf("it took %v to begin", took)
				}
				if n, err := hearEnd(conn); n != len("content") || err != nil {
					t.Errorf("got %d bytes, %v", n, err)
				}
				c.hear("226")
			})
		})
	}
}

// A PORT takes the place of the address that was asked for ahead.
func TestPrefetchThenPort(t *testing.T) {
	inLab(t, &Tunnel{Prefetch: true}, func(s *ftpScript) {
		s.loginTo("220 (vsFTPd 3.0.3)")
		s.serveAhead(s.accept(s.passive()))
		address := s.port()
		s.say("200 yes")
		s.want("RETR g")
		s.say("150 here")
		c := s.dial(address)
		c.Write([]byte("active"))
		c.Close()
		s.say("226 done")
		s.serveAhead(s.accept(s.passive()))
		s.idle()
	}, func(l *lab) {
		c := l.login()
		for _, do := range []struct{ verb, line, want string }{
			{"PASV", "RETR f", "content"}, {"PORT", "RETR g", "active"}, {"PASV", "RETR f", "content"},
		} {
			if got := c.get(do.verb, do.line); string(got) != do.want {
				t.Errorf("%s: got %q", do.verb, got)
			}
		}
	})
}
