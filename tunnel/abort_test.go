package tunnel

import (
	"testing"
	"testing/synctest"
	"time"
)

// A server that looks at ABOR only when it has sent all does not go on sending,
// whatever the client does with the data. The session goes on.
func TestAbortedDownloadEnds(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("RETR f")
		s.say("150 here")
		begun := time.Now()
		for {
			if _, err := c.Write(make([]byte, 1000)); err != nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
			if time.Since(begun) > time.Minute {
				s.fail("it can still send")
				break
			}
		}
		c.Close()
		s.say("426 broken")
		s.want("ABOR")
		s.say("226 aborted")
		s.want("NOOP")
		s.say("200 yes")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "RETR f")
		conn.Read(make([]byte, 10))
		c.say("ABOR")
		within(t, time.Second, func() {
			if _, err := hearEnd(conn); err == nil {
				t.Error("the client's data connection ended as a file does")
			}
		})
		c.hear("426")
		c.hear("226")
		c.do("NOOP", "200")
		synctest.Wait()
		if e := await(l.world, any1[TransferEnded]); !e.Aborted || e.Code != 426 {
			t.Errorf("event %+v", e)
		}
		if cut := l.tunnel.Cut(); len(cut) != 0 {
			t.Errorf("cut %+v", cut)
		}
	})
}
