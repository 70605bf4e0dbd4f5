package ftpinspect

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// FuzzSplitter: however a stream is cut into pieces, the lines are the same;
// no line has an end within it, and what is kept is bounded.
func FuzzSplitter(f *testing.F) {
	f.Add([]byte("USER a\r\nPASS b\r\r\n\xff\xf4\xff\xf2ABOR\r\nx\x00y\rz\n"), 3)
	f.Add([]byte(strings.Repeat("a", 300)+"\nNOOP\n"), 7)
	f.Fuzz(func(t *testing.T, stream []byte, step int) {
		step = max(1, step%97)
		whole, pieces := Splitter{Max: 128}, Splitter{Max: 128}
		whole.Push(stream)
		want := drain(&whole)
		var got []Line
		for b := stream; len(b) > 0; b = b[min(step, len(b)):] {
			pieces.Push(b[:min(step, len(b))])
			got = append(got, drain(&pieces)...)
			if len(pieces.buf) > 128 {
				t.Fatalf("keeps %d bytes", len(pieces.buf))
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("in pieces of %d: %v, at once: %v", step, got, want)
		}
		for _, l := range got {
			if bytes.ContainsAny(l.Text, "\r\n\x00") || len(l.Text) > 128 {
				t.Fatalf("not a line: %q", l.Text)
			}
		}
	})
}

func drain(s *Splitter) (lines []Line) {
	for l, ok := s.Next(); ok; l, ok = s.Next() {
		lines = append(lines, l)
	}
	return lines
}

// FuzzAddress: what parses, parses back from its canonical form; a port is
// never 0.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"127,0,0,1,31,97", "(1,175,73)", "(|||58732|)", "|2|::1|4000|", "(::1,200,105)", "(!!!46934!)", "4,4,127,0,0,1,2,200,200"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for code := 227; code <= 229; code++ {
			if a, err := parsePassive(code, [][]byte{[]byte(s)}); err == nil && (a.port < 1 || a.port > 65535) {
				t.Fatalf("%d %q: port %d", code, s, a.port)
			}
		}
		if a, err := parsePort(s); err == nil {
			if b, err := parsePort(hostPort(a)); err != nil || a != b {
				t.Fatalf("%q: %v, then %v %v", s, a, b, err)
			}
		}
		if a, err := parseEPRT(s); err == nil {
			if b, err := parseEPRT(extendedArg(a)); err != nil || a != b || a.Port() == 0 {
				t.Fatalf("%q: %v, then %v %v", s, a, b, err)
			}
		}
	})
}

// FuzzDialogue interleaves lines of both peers and outcomes, and asserts what
// the package comment promises.
func FuzzDialogue(f *testing.F) {
	f.Add([]byte("S220 hi\nCPASV\nS227 (127,0,0,1,31,97)\nm\nCRETR f\nS150 x\nj\nS226 y\ne\n"))
	f.Add([]byte("S220 hi\nCPORT 127,0,0,1,31,97\nCRETR f\nu\nS227 (127,0,0,1,31,97)\nm\nS150 x\nj\nb\nS226 y\n"))
	f.Add([]byte("S220 hi\nCFEAT\nS211-x\nS AUTH TLS\nS211 end\nCABOR\nS227 (1,2,3,4,5,6)\nCEPSV ALL\nS200 ok\nCPASV\ng\n"))
	f.Add([]byte("S220 hi\nCEPSV\nS500 no\nS500 no\nm\nS200 ok\nCLIST\nCQUIT\nS226 x\nt\nl\n"))
	f.Fuzz(func(t *testing.T, script []byte) {
		c := &checker{t: t, s: New(defaultConfig())}
		for _, line := range bytes.Split(script, []byte("\n")) {
			c.step(line)
		}
	})
}

// checker drives a session by a script and watches its effects.
type checker struct {
	t      *testing.T
	s      *Session
	open   []Expect // not yet met or refused
	live   []ID     // met
	timers []Timer
	ports  []uint16 // of the listeners that exist
	sent   [][]byte // the client's lines that may still leave
	inner  int      // code of the reply to the client that is not complete
	closed bool
}

func (c *checker) step(line []byte) {
	if len(line) == 0 {
		return
	}
	text := clean(line[1:])
	switch line[0] {
	case 'C':
		if c.s.WantsClient() {
			c.sent = append(c.sent, text.Text)
			c.check(c.s.ClientLine(text))
		}
	case 'S':
		if c.s.WantsServer() {
			c.check(c.s.ServerLine(text))
		}
	case 'm', 'u':
		c.decide(line[0] == 'm')
	case 'j':
		c.each(func(id ID) []Effect { return c.s.Joined(id) })
	case 'e':
		c.each(func(id ID) []Effect { return c.s.Ended(id, Outcome{}) })
	case 'b':
		c.each(func(id ID) []Effect { return c.s.Ended(id, Outcome{Broken: errors.New("x\r\n227 (1,2,3,4,5,6)")}) })
	case 'd':
		c.each(func(id ID) []Effect { return c.s.DialFailed(id, errors.New("refused")) })
	case 't':
		if len(c.timers) > 0 {
			t := c.timers[0]
			c.timers = c.timers[1:]
			c.check(c.s.Expired(t))
		}
	case 'g':
		c.check(c.s.ServerGone(nil))
	case 'l':
		c.check(c.s.ServerGone(errors.New("lost")))
	case 'f':
		c.check(c.s.ClientGone())
	}
	if len(c.s.queue) > maxQueue || len(c.s.pending) > maxPending+maxQueue || c.s.outSize < 0 {
		c.t.Fatalf("keeps %d, %d, %d", len(c.s.queue), len(c.s.pending), c.s.outSize)
	}
}

func (c *checker) each(f func(ID) []Effect) {
	if len(c.live) > 0 {
		c.check(f(c.live[len(c.live)-1]))
	}
}

func (c *checker) decide(met bool) {
	if len(c.open) == 0 {
		return
	}
	e := c.open[0]
	c.open = c.open[1:]
	if !met {
		c.check(c.s.Unmet(e.ID, ServerSide, errors.New("refused")))
		return
	}
	var l Listeners
	if e.Client.Listen {
		l.Client = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(20000+2*e.ID))
		c.ports = append(c.ports, l.Client.Port())
	}
	if e.Server.Listen {
		l.Server = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(20001+2*e.ID))
		c.ports = append(c.ports, l.Server.Port())
	}
	c.live = append(c.live, e.ID)
	c.check(c.s.Met(e.ID, l))
}

func (c *checker) check(effects []Effect) {
	for _, e := range effects {
		if c.closed {
			c.t.Fatalf("%s after the close", describe(e))
		}
		switch e := e.(type) {
		case ToClient:
			c.toClient(c.line(e))
		case ToServer:
			c.toServer(c.line(e))
		case Expect:
			if !e.Client.Listen && e.Client.Port < minPort || !e.Server.Listen && e.Server.Port < minPort {
				c.t.Fatalf("%s", describe(e))
			}
			c.open = append(c.open, e)
		case StartTimer:
			c.timers = append(c.timers, e.T)
		case Close:
			c.closed = true
		}
	}
}

func (c *checker) line(b []byte) []byte {
	l, ok := bytes.CutSuffix(b, []byte("\r\n"))
	if !ok || bytes.ContainsAny(l, "\r\n\x00") {
		c.t.Fatalf("not one line: %q", b)
	}
	return l
}

func (c *checker) toClient(l []byte) {
	code, more := replyCode(l)
	switch {
	case c.inner != 0:
		if endsReply(l, c.inner) {
			c.inner = 0
		}
		return
	case more:
		c.inner = code
	}
	if !isPassiveCode(code) && !looksPassive(l) {
		return
	}
	if a, err := parsePassive(code, [][]byte{replyText(l)}); err != nil || !slices.Contains(c.ports, uint16(a.port)) {
		c.t.Fatalf("no listener for %q", l)
	}
}

func (c *checker) toServer(l []byte) {
	cmd := parseCommand(l)
	switch cmd.verb {
	case "LPRT", "LPSV", "CPSV", "SPSV", "AUTH":
		c.t.Fatalf("forwarded %q", l)
	case "PORT", "EPRT":
		parse := parsePort
		if cmd.verb == "EPRT" {
			parse = parseEPRT
		}
		if a, err := parse(cmd.arg); err != nil || !slices.Contains(c.ports, a.Port()) {
			c.t.Fatalf("no listener for %q", l)
		}
		return
	case "PASV", "HOST":
		return
	case "EPSV":
		if cmd.arg == "" {
			return
		}
	}
	c.inOrder(cmd, l)
}

// inOrder takes the client's line l off what was sent: those before it must
// have been answered or rewritten. ABOR, STAT and QUIT may overtake.
func (c *checker) inOrder(cmd *command, l []byte) {
	for i, s := range c.sent {
		if bytes.Equal(s, l) {
			if cmd.urgent() {
				c.sent = slices.Delete(c.sent, i, i+1)
			} else {
				c.sent = c.sent[i+1:]
			}
			return
		}
	}
	c.t.Fatalf("the client never sent %q, or sent it before what was forwarded", l)
}
