package tunnel

import (
	"io"
	"testing"
	"time"
)

// download serves a passive download and tells whether the client's end of file
// came ahead of it.
func (s *ftpScript) download(verb string) (ahead bool) {
	l := s.passive()
	c := s.accept(l)
	s.want(verb)
	s.say("150 here")
	ended := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		ended <- err
	}()
	select {
	case err := <-ended:
		ahead = err == io.EOF
	case <-time.After(time.Second):
	}
	c.Write([]byte("content"))
	closeWrite(c)
	if !ahead {
		<-ended
	}
	c.Close()
	s.say("226 done")
	return ahead
}

// Servers that linger get the end of file of a download ahead, whether their
// data connection is dialled before the command or beside it; no other server
// does.
func TestShutAhead(t *testing.T) {
	for greeting, want := range map[string]bool{
		"220 (vsFTPd 3.0.3)":            true,
		"220 ProFTPD Server (x) [::1]":  true,
		"220 Pure-FTPd, welcome to you": false,
	} {
		t.Run(greeting, func(t *testing.T) {
			inLab(t, &Tunnel{}, func(s *ftpScript) {
				s.loginTo(greeting)
				for _, verb := range []string{"RETR f", "LIST", "RETR f"} {
					if got := s.download(verb); got != want {
						t.Errorf("%s: the end of file came ahead: %v", verb, got)
					}
				}
			}, func(l *lab) {
				c := l.login()
				for _, do := range []string{"RETR f", "LIST", "RETR f"} {
					if got := c.get("PASV", do); string(got) != "content" {
						t.Errorf("%s: got %q", do, got)
					}
					l.ssh.set(func(s *memSide) { s.delay = 100 * time.Millisecond })
				}
			})
		})
	}
}

// An upload is whole, also after a download that was refused.
func TestShutNotForUploads(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.loginTo("220 (vsFTPd 3.0.3)")
		l := s.passive()
		s.accept(l)
		s.want("RETR missing")
		s.say("550 no")
		c := s.accept(s.passive())
		s.want("STOR f")
		s.say("150 go on")
		if got, err := io.ReadAll(c); string(got) != "content" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		c.Close()
		s.say("226 done")
	}, func(l *lab) {
		c := l.login()
		c.do("PASV", "227")
		c.do("RETR missing", "550")
		c.do("STOR f", "425")
		c.put("PASV", "STOR f", []byte("content"))
	})
}
