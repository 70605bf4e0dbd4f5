package tunnel

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLoginDeadline(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.say("220 ready")
		s.idle()
	}, func(l *lab) {
		c := l.connect()
		c.hear("220")
		within(t, 120*time.Second, func() {
			c.hear("421")
			c.ended()
		})
	})
}

// A client that sends a byte now and then gets no more time than another.
func TestSlowLoris(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.say("220 ready")
		s.idle()
	}, func(l *lab) {
		c := l.connect()
		c.hear("220")
		within(t, 120*time.Second, func() {
			go func() {
				for {
					if _, err := c.conn.Write([]byte("N")); err != nil {
						return
					}
					time.Sleep(10 * time.Second)
				}
			}()
			c.hear("421")
			c.ended()
		})
		time.Sleep(11 * time.Second)
	})
}

func TestLoginEndsDeadline(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		for {
			s.want("NOOP")
			s.say("200 yes")
		}
	}, func(l *lab) {
		c := l.login()
		time.Sleep(24 * time.Hour)
		c.do("NOOP", "200")
	})
}

func TestTooManySessions(t *testing.T) {
	limits := map[string]Limits{"all": {Sessions: 2}, "peer": {PerPeer: 2}}
	for which, limit := range limits {
		t.Run(which, func(t *testing.T) {
			inLab(t, &Tunnel{Limits: limit}, func(s *ftpScript) {
				s.login()
				s.idle()
			}, func(l *lab) {
				a := l.login()
				l.login()
				c := l.connect()
				if got := c.hear("421"); got != "421 Too many connections." {
					t.Errorf("got %q", got)
				}
				c.ended()
				if e := await(l.world, any1[Refused]); e.Why != TooManySessions {
					t.Errorf("event %+v", e)
				}
				a.conn.Close()
				await(l.world, any1[SessionEnded])
				synctest.Wait()
				l.login()
			})
		})
	}
}

// The rate lets as many in at once as the burst says, and then one at a time.
func TestTooFast(t *testing.T) {
	inLab(t, &Tunnel{Limits: Limits{Rate: 2, Burst: 3}}, func(s *ftpScript) {
		s.login()
		s.idle()
	}, func(l *lab) {
		for range 3 {
			l.login()
		}
		c := l.connect()
		if got := c.hear("421"); got != "421 Too many connections." {
			t.Errorf("got %q", got)
		}
		c.ended()
		if e := await(l.world, any1[Refused]); e.Why != TooFast {
			t.Errorf("event %+v", e)
		}
		time.Sleep(500 * time.Millisecond)
		l.login()
		l.connect().hear("421")
	})
}

// A data connection too many is answered 425; a place is free once another has
// ended.
func TestTooManyDataConns(t *testing.T) {
	inLab(t, &Tunnel{Limits: Limits{DataConns: 1}}, func(s *ftpScript) {
		s.login()
		for {
			s.passive()
		}
	}, func(l *lab) {
		a, b := l.login(), l.login()
		a.do("PASV", "227")
		if got := b.do("PASV", "425"); !strings.Contains(got, "too many data connections") {
			t.Errorf("got %q", got)
		}
		a.conn.Close()
		await(l.world, any1[SessionEnded])
		synctest.Wait()
		b.do("PASV", "227")
		l.login().do("PASV", "425")
	})
}

func TestTargetUnreachable(t *testing.T) {
	inLab(t, &Tunnel{}, nil, func(l *lab) {
		l.ssh.set(func(s *memSide) { s.refuse = errors.New("open failed\r\n230 in.") })
		c := l.connect()
		if got := c.hear("421"); got != "421 cannot reach 127.0.0.1:21: open failed  230 in." {
			t.Errorf("got %q", got)
		}
		c.ended()
		var dial *DialError
		if e := await(l.world, any1[Unreachable]); !errors.As(e.Err, &dial) {
			t.Errorf("event %+v", e)
		}
	})
}

func TestTargetSilentToDial(t *testing.T) {
	inLab(t, &Tunnel{}, nil, func(l *lab) {
		l.ssh.set(func(s *memSide) { s.hang = true })
		c := l.connect()
		c.say("USER early")
		within(t, 30*time.Second, func() {
			if got := c.hear("421"); !strings.Contains(got, "no answer within 30s") {
				t.Errorf("got %q", got)
			}
		})
	})
}

func TestTargetNotFTP(t *testing.T) {
	for _, greeting := range []string{"SSH-2.0-OpenSSH_9.2p1", "HTTP/1.1 400 Bad Request", "* OK IMAP4"} {
		inLab(t, &Tunnel{}, func(s *ftpScript) {
			s.say(greeting)
			s.idle()
		}, func(l *lab) {
			c := l.connect()
			c.hear("421")
			c.ended()
		})
	}
}

// A client that says all it wants and ends its half is answered, however long
// the server takes to be reached.
func TestEarlyEnd(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.want("QUIT")
		s.say("221 bye")
	}, func(l *lab) {
		l.ssh.set(func(s *memSide) { s.delay = 5 * time.Second })
		c := l.connect()
		c.say("USER a")
		c.say("PASS b")
		c.say("QUIT")
		closeWrite(c.conn)
		for _, code := range []string{"220", "331", "230", "221"} {
			c.hear(code)
		}
		c.ended()
	})
}

// What a client sends before the server can be reached is kept, up to a bound.
func TestEarlyLines(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.idle()
	}, func(l *lab) {
		l.ssh.set(func(s *memSide) { s.delay = 5 * time.Second })
		c := l.connect()
		c.say("USER a")
		c.say("PASS b")
		c.hear("220")
		c.hear("331")
		c.hear("230")
	})
}
