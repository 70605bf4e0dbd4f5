package ftpinspect

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// newGreeted returns a session whose server has greeted.
func newGreeted(cfg Config) *Session {
	s := New(cfg)
	s.ServerLine(Line{Text: []byte("220 ready")})
	return s
}

func client(s *Session, line string) []Effect { return s.ClientLine(Line{Text: []byte(line)}) }
func server(s *Session, line string) []Effect { return s.ServerLine(Line{Text: []byte(line)}) }

func TestSplitter(t *testing.T) {
	for stream, want := range map[string]string{
		"NOOP\r\n":                        "NOOP",
		"NOOP\n":                          "NOOP",
		"NOOP\r\r\n":                      "NOOP",
		"a\rb\r\n":                        "ab!",
		"a\x00b\r\n":                      "ab!",
		"\r\n":                            "",
		"a\r\nb\r\nc":                     "a|b",
		"\xff\xf4\xff\xf2ABOR\r\n":        "ABOR",
		"\xff\xf4\xf2ABOR\r\n":            "ABOR", // tnftp, without SO_OOBINLINE
		"\xff\xf4\xffABOR\r\n":            "ABOR", // lftp, without SO_OOBINLINE
		"\xff\xfd\x06NOOP\r\n":            "NOOP",
		"\xff\xfa\x18\x01x\xff\xf0NOOP\n": "NOOP",
		"\xff\r\n":                        "",
		"SIZE a\xff\xffb\r\n":             "SIZE a\xff\xffb",
		"0123456789abcdef\r\n":            "0123456789abcdef",
		"0123456789abcdefg\r\nx\r\n":      "0123456789abcdef>|x",
		strings.Repeat("y", 99) + "\nx\n": "yyyyyyyyyyyyyyyy>|x",
	} {
		sp := Splitter{Max: 16}
		sp.Push([]byte(stream))
		if got := shown(drain(&sp)); got != want {
			t.Errorf("%q: %q, want %q", stream, got, want)
		}
	}
}

// shown joins lines, "!" marking what was dropped and ">" what was cut.
func shown(lines []Line) string {
	var all []string
	for _, l := range lines {
		s := string(l.Text)
		if l.Dropped {
			s += "!"
		}
		if l.TooLong {
			s += ">"
		}
		all = append(all, s)
	}
	return strings.Join(all, "|")
}

func TestSplitterRest(t *testing.T) {
	sp := Splitter{Max: 16}
	sp.Push([]byte("AUTH TLS\r\n\x16\x03\x01"))
	sp.Next()
	if rest := sp.Rest(); !bytes.Equal(rest, []byte("\x16\x03\x01")) || len(sp.Rest()) > 0 {
		t.Errorf("rest is %q", rest)
	}
}

func TestReplyCode(t *testing.T) {
	for line, want := range map[string]string{
		"220 ready": "220 false", "220-ready": "220 true", "220": "220 false", "227(1,2)": "227 false",
		"2200 x": "0 false", "22": "0 false", " 220 x": "0 false", "720 x": "0 false", "020 x": "0 false", "2x0": "0 false",
	} {
		code, more := ReplyCode([]byte(line))
		if got := fmt.Sprint(code, more); got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
	for line, want := range map[string]bool{"211 End": true, "211": true, "211-x": false, "212 End": false, " 211 End": false, "211x": false} {
		if EndsReply([]byte(line), 211) != want {
			t.Errorf("%q ends a 211-: %v", line, !want)
		}
	}
}

func TestSmuggles(t *testing.T) {
	at := func(offset int, verb string) []byte {
		return []byte(strings.Repeat("x", offset) + verb + " 1,2,3,4,5,6")
	}
	for offset, want := range map[int]bool{
		0: false, 100: false, 400: false, 504: true, 511: true, 518: true, 560: false, 1008: true, 1022: true, 1036: true, 1100: false,
	} {
		if smuggles(at(offset, "port")) != want {
			t.Errorf("PORT at %d: %v", offset, !want)
		}
	}
	if smuggles(bytes.Repeat([]byte("x"), MaxCommand)) {
		t.Error("a long line hides nothing")
	}
}

// TestBackPressure holds a session to what it says it can take.
func TestBackPressure(t *testing.T) {
	s := New(defaultConfig())
	n := 0
	for ; s.WantsClient(); n++ {
		client(s, "NOOP")
	}
	if n != maxQueue {
		t.Errorf("takes %d lines before the greeting, want %d", n, maxQueue)
	}
	s.ServerLine(Line{Text: []byte("220 ready")})
	for ; s.WantsClient(); n++ {
		client(s, "NOOP")
	}
	if n != maxPending {
		t.Errorf("takes %d lines that are not answered, want %d", n, maxPending)
	}
}

// TestHeldRepliesAreBounded: while a 226 is held the server is not read for
// ever, and a 226 of endless lines keeps its first and its last.
func TestHeldRepliesAreBounded(t *testing.T) {
	s := newGreeted(defaultConfig())
	begin(s)
	server(s, "226-Transfer complete")
	for range 1000 {
		server(s, " "+strings.Repeat("x", 1000))
	}
	server(s, "226 End")
	n := 0
	for ; s.WantsServer() && n < 1000; n++ {
		server(s, strings.Repeat("x", 1000))
	}
	if s.outSize > 2*maxOut || n == 1000 {
		t.Errorf("keeps %d bytes, takes %d lines", s.outSize, n)
	}
	lines := ended(s, nil)
	if !strings.HasPrefix(lines[0], "226-Transfer") || !strings.Contains(strings.Join(lines, "\n"), "\n226 End") || s.outSize != 0 {
		t.Errorf("%d lines, the first %q; keeps %d", len(lines), lines[0], s.outSize)
	}
}

// begin has a download begin on expectation 1.
func begin(s *Session) {
	client(s, "PASV")
	server(s, "227 Entering Passive Mode (127,0,0,1,31,97)")
	s.Met(1, Listeners{Client: netip.MustParseAddrPort("127.0.0.1:2001")})
	s.Joined(1)
	client(s, "RETR f")
	server(s, "150 Opening")
}

// ended ends the data connection and returns what the client gets.
func ended(s *Session, broken error) (lines []string) {
	for _, e := range s.Ended(1, Outcome{Broken: broken}) {
		if l, ok := e.(ToClient); ok {
			lines = append(lines, strings.TrimSuffix(string(l), "\r\n"))
		}
	}
	return lines
}

// TestReasonsCannotForge: what an error says reaches the client as one line
// that begins with our code, whatever is in it.
func TestReasonsCannotForge(t *testing.T) {
	s := newGreeted(defaultConfig())
	begin(s)
	server(s, "226 Transfer complete.")
	lines := ended(s, errors.New("x\r\n227 Entering Passive Mode (10,9,9,1,4,1)\xff\xf4"+strings.Repeat(" y", 500)))
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "426 ") || len(lines[0]) > 400 || strings.Contains(lines[0], "\xff") || strings.ContainsAny(lines[0], "\r\n") {
		t.Errorf("%q", lines)
	}
}

// TestNoListenerNoLine: an expectation that is reported as met without the
// address of its listener is not.
func TestNoListenerNoLine(t *testing.T) {
	for _, cmd := range []string{"PASV", "PORT 127,0,0,1,165,135"} {
		s := newGreeted(Config{Local: netip.MustParseAddr("127.0.0.1"), Peer: netip.MustParseAddr("127.0.0.1"),
			Mode: ModeClient, ActiveAddrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
		client(s, cmd)
		server(s, "227 Entering Passive Mode (127,0,0,1,31,97)")
		got := fmt.Sprintf("%s", s.Met(1, Listeners{}))
		if !strings.Contains(got, "425 Can't open data connection: no listener.") {
			t.Errorf("%s: %s", cmd, got)
		}
	}
}

// TestLateOutcomes: outcomes of expectations that are over, or never were, do
// nothing.
func TestLateOutcomes(t *testing.T) {
	s := newGreeted(defaultConfig())
	begin(s)
	server(s, "226 Transfer complete.")
	ended(s, nil)
	client(s, "PASV")
	server(s, "227 Entering Passive Mode (127,0,0,1,31,98)")
	s.Met(2, Listeners{Client: netip.MustParseAddrPort("127.0.0.1:2002")})
	for _, id := range []ID{0, 1, 3, 99} {
		for name, effects := range map[string][]Effect{
			"met": s.Met(id, Listeners{}), "unmet": s.Unmet(id, ServerSide, errors.New("x")), "joined": s.Joined(id),
			"ended": s.Ended(id, Outcome{Broken: errors.New("x")}), "dial failed": s.DialFailed(id, errors.New("x")),
		} {
			if len(effects) > 0 {
				t.Errorf("%s %d: %v", name, id, effects)
			}
		}
	}
	if n := len(s.expectations); n != 1 {
		t.Errorf("keeps %d expectations", n)
	}
}

// TestExpectationsAreForgotten: however long a session, it keeps none that is
// over.
func TestExpectationsAreForgotten(t *testing.T) {
	s := newGreeted(defaultConfig())
	for i := range 100 {
		client(s, "PASV")
		server(s, "227 Entering Passive Mode (127,0,0,1,31,97)")
		id := ID(i + 1)
		s.Met(id, Listeners{Client: netip.MustParseAddrPort("127.0.0.1:2001")})
		switch i % 4 {
		case 1: // the client comes and asks for nothing
			s.Joined(id)
		case 2: // the server completes a transfer that has no data
			client(s, "RETR f")
			server(s, "226 Transfer complete.")
		case 3: // and one whose data never came
			client(s, "RETR f")
			server(s, "150 Opening")
			server(s, "425 Can't open data connection.")
		}
	}
	if n := len(s.expectations); n > 1 {
		t.Errorf("keeps %d expectations", n)
	}
}

// TestKnowledgeIsShared: what one session has learnt another one uses, and a
// failed dial makes the next request wait again.
func TestKnowledgeIsShared(t *testing.T) {
	a := newGreeted(defaultConfig())
	begin(a)
	b := newGreeted(defaultConfig())
	b.SetKnowledge(a.Knowledge())
	client(b, "PASV")
	if got := fmt.Sprintf("%s", client(b, "RETR f")); got != "[RETR f\r\n]" {
		t.Errorf("RETR is not pipelined: %s", got)
	}
	server(b, "227 Entering Passive Mode (127,0,0,1,31,97)")
	b.Met(1, Listeners{Client: netip.MustParseAddrPort("127.0.0.1:2001")})
	b.DialFailed(1, errors.New("refused"))
	a.SetKnowledge(b.Knowledge())
	server(a, "226 Transfer complete.")
	ended(a, nil)
	client(a, "PASV")
	if got := client(a, "RETR g"); len(got) > 0 {
		t.Errorf("RETR is pipelined: %v", got)
	}
}

// TestIdle: a session may be ended without loss only when nothing is owed.
func TestIdle(t *testing.T) {
	s := newGreeted(defaultConfig())
	if !s.Idle() {
		t.Error("not idle after the greeting")
	}
	client(s, "NOOP")
	if s.Idle() {
		t.Error("idle although NOOP is not answered")
	}
	server(s, "200 ok")
	begin(s)
	server(s, "226 Transfer complete.")
	if s.Idle() {
		t.Error("idle although the 226 is held")
	}
	ended(s, nil)
	if !s.Idle() {
		t.Error("not idle after the transfer")
	}
}

// TestEndlessReplyBeforeBridge: a request that waits to be bridged must not
// keep back the very reply that it waits for.
func TestEndlessReplyBeforeBridge(t *testing.T) {
	s := newGreeted(defaultConfig())
	begin(s)
	client(s, "PORT 127,0,0,1,200,1")
	s.Met(2, Listeners{Server: netip.MustParseAddrPort("127.0.0.1:2002")})
	var idle Timer
	for _, e := range server(s, "500 no") {
		if e, ok := e.(StartTimer); ok {
			idle = e.T
		}
	}
	client(s, "STAT")
	for line := "211-of many lines"; s.WantsServer(); line = strings.Repeat("x", 1000) {
		server(s, line)
	}
	if got := written(s.Expired(idle)); !strings.HasPrefix(got, "c:500 no|c:211-of") || !s.WantsServer() {
		t.Errorf("%.60q, wants server: %v", got, s.WantsServer())
	}
}

// TestOtherNameOfPASV: its 227 would be dropped, and the client wait for ever.
func TestOtherNameOfPASV(t *testing.T) {
	for _, line := range []string{"P@SW", "p@sw", " P@SW"} {
		s := newGreeted(defaultConfig())
		if got := written(client(s, line)); got != "c:"+string(replyNotHere) || !s.Idle() {
			t.Errorf("%q: %q, idle: %v", line, got, s.Idle())
		}
	}
}
