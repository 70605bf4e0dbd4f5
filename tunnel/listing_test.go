package tunnel

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ftptunnel/ftpinspect"
)

// farAway is a round trip that asking ahead is worth.
const farAway = 100 * time.Millisecond

// listOfFiles is a listing of n files, as vsftpd prints it.
func listOfFiles(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "-rw-r--r--    1 0        0            1024 Nov 21 02:39 f%d\r\n", i)
	}
	return b.String()
}

// answerLate answers every command after the same time, as a long link has it.
func (s *ftpScript) answerLate(after time.Duration) {
	type answer struct {
		due  time.Time
		text string
	}
	answers := make(chan answer, 100)
	defer close(answers)
	go func() {
		for a := range answers {
			time.Sleep(time.Until(a.due))
			s.say(a.text)
		}
	}()
	for {
		_, name, _ := strings.Cut(s.line(), " ")
		answers <- answer{time.Now().Add(after), "213 " + name}
	}
}

// A client that asks for the time of every file in its listing does not wait a
// round trip for each.
func TestTimesAskedAhead(t *testing.T) {
	for _, tt := range []struct {
		name  string
		tn    *Tunnel
		rtt   time.Duration
		ahead bool
	}{
		{"far", &Tunnel{}, farAway, true},
		{"near", &Tunnel{}, time.Millisecond, false},
		{"near, with prefetch", &Tunnel{Prefetch: true}, time.Millisecond, true},
		{"far, as the client does", &Tunnel{Mode: ftpinspect.ModeClient}, farAway, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const n = 40
			inLab(t, tt.tn, func(s *ftpScript) {
				s.loginTo("220 (vsFTPd 3.0.3)")
				c := s.accept(s.passive())
				s.want("LIST")
				if tt.tn.Prefetch {
					defer s.passive().Close()
				}
				s.deliver(c, listOfFiles(n))
				s.answerLate(farAway)
			}, func(l *lab) {
				l.ssh.set(func(s *memSide) { s.rtt = tt.rtt })
				c := l.login()
				if got := c.get("PASV", "LIST"); string(got) != listOfFiles(n) {
					t.Errorf("got %q", got)
				}
				began := time.Now()
				for i := range n {
					if r := c.do(fmt.Sprint("MDTM f", i), "213"); r != fmt.Sprint("213 f", i) {
						t.Fatalf("f%d: %q", i, r)
					}
				}
				trips := int(time.Since(began) / farAway)
				if ahead := trips < n/4; ahead != tt.ahead || !ahead && trips != n {
					t.Errorf("%d files took %d round trips", n, trips)
				}
			})
		})
	}
}

// Of a listing that has no end only its begin is kept.
func TestListingKept(t *testing.T) {
	var k kept
	for range 5 {
		k.add(make([]byte, ftpinspect.MaxListing/4+1))
	}
	if len(k.text) != ftpinspect.MaxListing {
		t.Errorf("keeps %d bytes", len(k.text))
	}
}

// A line that the client gets its answer to at once is not reported as if it had
// become one that was asked ahead.
func TestAskedAheadReported(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.loginTo("220 (vsFTPd 3.0.3)")
		c := s.accept(s.passive())
		s.want("LIST")
		s.deliver(c, listOfFiles(10))
		s.answerLate(0)
	}, func(l *lab) {
		l.ssh.set(func(s *memSide) { s.rtt = farAway })
		c := l.login()
		c.get("PASV", "LIST")
		for i := range 10 {
			c.do(fmt.Sprint("MDTM f", i), "213")
			time.Sleep(farAway)
		}
		for _, d := range all[Dialogue](l.world) {
			if d.From == Client && strings.HasPrefix(d.Before, "MDTM") && d.After != "" && d.After != d.Before {
				t.Errorf("%q became %q", d.Before, d.After)
			}
		}
	})
}
