package tunnel

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// probe runs Probe in a lab.
func probe(t *testing.T, script func(*ftpScript), f func(l *lab, greeting string, err error)) {
	t.Helper()
	inLab(t, &Tunnel{}, script, func(l *lab) {
		greeting, err := l.tunnel.Probe(l.t.Context())
		f(l, greeting, err)
	})
}

func TestProbe(t *testing.T) {
	for greeting, lines := range map[string][]string{
		"220 hello":        {"220 hello"},
		"220- many":        {"220- many", "  words", "2200 no", "220-more", "220 end"},
		"220-------------": {"220-------------", "220 end"},
		"220-bare":         {"220-bare", "220"},
		"220 after blanks": {"", "  ", "220 after blanks"},
	} {
		probe(t, func(s *ftpScript) {
			s.say(lines...)
			s.want("QUIT")
			s.say("221 bye")
			s.conn.Close()
		}, func(l *lab, got string, err error) {
			if got != greeting || err != nil {
				t.Errorf("%q, %v, want %q", got, err, greeting)
			}
		})
	}
}

func TestProbeDelayed(t *testing.T) {
	probe(t, func(s *ftpScript) {
		s.say("120 in 20 s")
		time.Sleep(20 * time.Second)
		s.say("220 hello")
		s.want("QUIT")
		if rest, err := io.ReadAll(s.r); len(rest) > 0 || err != nil { // and no word
			s.fail("%q, %v", rest, err)
		}
	}, func(l *lab, got string, err error) {
		if got != "220 hello" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestProbeTimes(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) { s.idle() }, func(l *lab) {
		within(t, 30*time.Second, func() {
			_, err := l.tunnel.Probe(l.t.Context())
			var not *NotFTPError
			if !errors.As(err, &not) || !strings.Contains(err.Error(), "silent") {
				t.Errorf("silent server: %v", err)
			}
		})
	})
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.say("220 hello")
		s.idle()
	}, func(l *lab) {
		within(t, 2*time.Second, func() {
			if _, err := l.tunnel.Probe(l.t.Context()); err != nil {
				t.Errorf("no goodbye: %v", err)
			}
		})
	})
	inLab(t, &Tunnel{}, func(s *ftpScript) { s.idle() }, func(l *lab) {
		ctx, cancel := context.WithTimeout(l.t.Context(), time.Second)
		defer cancel()
		within(t, time.Second, func() {
			if _, err := l.tunnel.Probe(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("cancelled: %v", err)
			}
		})
	})
}

func TestProbeErrors(t *testing.T) {
	var (
		not  *NotFTPError
		busy *BusyError
		dial *DialError
	)
	probe(t, func(s *ftpScript) { s.say("421 full") }, func(_ *lab, got string, err error) {
		if !errors.As(err, &busy) || got != "421 full" {
			t.Errorf("%q, %v", got, err)
		}
	})
	for _, greeting := range []string{"SSH-2.0-OpenSSH_9.2p1", "530 no", "+OK POP3", "2200 x", "22"} {
		probe(t, func(s *ftpScript) {
			s.say(greeting)
			s.idle()
		}, func(_ *lab, _ string, err error) {
			if !errors.As(err, &not) || not.Greeting != greeting {
				t.Errorf("%q: %v", greeting, err)
			}
		})
	}
	probe(t, func(s *ftpScript) {}, func(_ *lab, _ string, err error) {
		if !errors.As(err, &not) || !strings.Contains(err.Error(), "closed") {
			t.Errorf("closed: %v", err)
		}
	})
	probe(t, func(s *ftpScript) { s.idle() }, func(l *lab, _ string, _ error) {
		l.ssh.set(func(s *memSide) { s.refuse = errLost })
		if _, err := l.tunnel.Probe(l.t.Context()); !errors.As(err, &dial) || !errors.Is(err, errLost) {
			t.Errorf("refused: %v", err)
		}
	})
}
