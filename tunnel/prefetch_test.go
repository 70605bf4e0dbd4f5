package tunnel

import (
	"net"
	"testing"
	"time"
)

// serveAhead serves a download over c, and answers the PASV that comes with it.
func (s *ftpScript) serveAhead(c net.Conn) (next net.Listener) {
	s.want("RETR f")
	s.say("150 here")
	c.Write([]byte("content"))
	c.Close()
	s.say("226 done")
	return s.passive()
}

// A client whose address was asked for ahead waits for no server, and nothing
// connects to that address before the client has asked.
func TestPrefetch(t *testing.T) {
	inLab(t, &Tunnel{Prefetch: true}, func(s *ftpScript) {
		s.loginTo("220 (vsFTPd 3.0.3)")
		next := s.serveAhead(s.accept(s.passive()))
		came := make(chan net.Conn)
		go func() {
			defer close(came)
			if c, err := next.Accept(); err == nil {
				came <- c
			}
		}()
		time.Sleep(time.Second / 2)
		select {
		case <-came:
			s.fail("a data connection that nobody has asked for")
		default:
		}
		c, ok := <-came
		if !ok {
			s.fail("no data connection")
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
