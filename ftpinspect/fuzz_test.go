package ftpinspect

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// FuzzSplitter: however a stream is cut into pieces, the lines are the same;
// no line has an end within it, and what is kept is bounded.
func FuzzSplitter(f *testing.F) {
	f.Add([]byte("USER a\r\nPASS b\r\r\n\xff\xf4\xff\xf2ABOR\r\nx\x00y\rz\n"), 3)
	f.Add([]byte(strings.Repeat("a", 300)+"\nNOOP\n"), 7)
	for i, v := range append(readVariants(f, "227"), readVariants(f, "229")...) {
		f.Add(v.bytes(f), i)
	}
	f.Fuzz(func(t *testing.T, stream []byte, step int) {
		step = max(1, step%97)
		whole, pieces := Splitter{Max: 128}, Splitter{Max: 128}
		whole.Push(stream)
		want := drain(&whole)
		var got []Line
		for b := stream; len(b) > 0; b = b[min(step, len(b)):] {
			pieces.Push(b[:min(step, len(b))])
			got = append(got, drain(&pieces)...)
			if len(pieces.buf) > 128+crs {
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
		l.More = false // it may be all of them, or none
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
	for _, v := range append(readVariants(f, "227"), readVariants(f, "229")...) {
		f.Add(string(v.bytes(f)))
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

// FuzzCommand: whatever bytes a client sends, a line that a server would take
// for a request for a data connection, or for AUTH, is never taken for a plain
// command; and what is redacted does not show its secret.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{"PORT 1,2,3,4,5,6", "PO\xff\xf1RT 1", "\xff\xfd\x06eprt |1|", " \tPASV", "EPSV ALL", "epsv all ", "PASS x", "site pswd a b", "A\xff\xffUTH TLS"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if bytes.IndexByte(raw, '\n') >= 0 {
			return
		}
		line := clean(raw).Text
		c := parseCommand(line)
		seen := parseCommand(bytes.TrimLeft(withoutTelnet(line), " \t"))
		switch seen.kind {
		case kindRequest, kindRefused, kindAuth:
			if c.kind != seen.kind && c.kind != kindGarbled {
				t.Fatalf("%q is taken for %q, a server may take it for %q", raw, c.verb, seen.verb)
			}
		}
		shown := bytes.TrimPrefix(Redact(line), []byte("PASS ****")) // "PASS " may be the secret
		if seen.verb == "PASS" && len(seen.arg) > 4 && c.kind != kindGarbled && bytes.Contains(shown, []byte(seen.arg)) {
			t.Fatalf("%q is redacted to %q", raw, Redact(line))
		}
	})
}

// withoutTelnet removes Telnet sequences wherever they stand, as
// inetutils-ftpd 2.4 does.
func withoutTelnet(b []byte) (rest []byte) {
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] != telnetIAC || i+1 == len(b):
			rest = append(rest, b[i])
		case b[i+1] >= telnetWILL && b[i+1] < telnetIAC:
			i += 2
		default:
			i++
		}
	}
	return rest
}

// FuzzDialogue interleaves lines of both peers and outcomes, and asserts what
// the package comment promises. Bits of policy choose the Config.
func FuzzDialogue(f *testing.F) {
	for _, script := range seedScripts(f) {
		f.Add(byte(0), script)
		f.Add(byte(1), script)
		f.Add(byte(64), script)
		f.Add(byte(128), script)
		f.Add(byte(192), script)
	}
	f.Add(byte(0), []byte("S220 hi\nCPASV\nS227 (127,0,0,1,31,97)\nm\nCRETR f\nS150 x\nj\nS226 y\ne\n"))
	f.Add(byte(2), []byte("S220 hi\nCPORT 127,0,0,1,31,97\nCRETR f\nu\nS227 (127,0,0,1,31,97)\nm\nS150 x\nj\nb\nS226 y\n"))
	f.Add(byte(4), []byte("S220 hi\nCFEAT\nS211-x\nS AUTH TLS\nS211 end\nCABOR\nS227 (1,2,3,4,5,6)\nCEPSV ALL\nS200 ok\nCPASV\ng\n"))
	f.Add(byte(9), []byte("S220 hi\nCEPSV\nS500 no\nS500 no\nm\nS200 ok\nCLIST\nCQUIT\nS226 x\nt\nl\n"))
	f.Add(byte(64), []byte("S220 (vsFTPd)\nCPASS x\nS230 in\nCPASV\nS227 (127,0,0,1,31,97)\nm\nj\nCRETR f\nS150 x\ne\nS226 y\n"+
		"S227 (127,0,0,1,31,98)\nCPASV\na\np\nS227 (127,0,0,1,31,99)\nm\nCRETR g\n"))
	f.Add(byte(128), []byte("S220 (vsFTPd)\nCPASS x\nS230 in\nCPASV\nS227 (127,0,0,1,31,97)\nm\nj\nCLIST\nS150 x\ne\nS226 y\n"+
		"CMDTM f\nS213 1\nCMDTM g\nS213 2\nS213 3\nCMDTM sub\nCMDTM h 1\nS550 4\nt\nS213 5\nCNOOP\nS213 6\nS200 ok\n"))
	f.Fuzz(func(t *testing.T, policy byte, script []byte) {
		c := &checker{t: t, s: New(policyConfig(policy)), pass: policy&4 != 0, use: map[ID]*usage{}}
		for line := range bytes.SplitSeq(script, []byte("\n")) {
			c.step(line)
		}
		c.drain()
	})
}

// policyConfig spreads the policies over the bits of a byte.
func policyConfig(policy byte) Config {
	cfg := defaultConfig()
	cfg.Mode = ServerMode(policy & 3)
	if policy&4 != 0 {
		cfg.TLS = TLSPass
	}
	if policy&8 != 0 {
		cfg.ActiveAddrs = nil
	}
	if policy&16 != 0 {
		cfg.Local, cfg.Peer = netip.IPv6Loopback(), netip.IPv6Loopback()
	}
	cfg.ReplyHost = policy&32 != 0
	cfg.Prefetch = policy&64 != 0
	cfg.Far = policy&128 != 0
	return cfg
}

// seedScripts turns the dialogues into scripts.
func seedScripts(f *testing.F) (scripts [][]byte) {
	files, err := filepath.Glob("testdata/dialogues/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		scripts = append(scripts, seedScript(string(text)))
	}
	return scripts
}

func seedScript(dialogue string) []byte {
	var script []byte
	for line := range strings.Lines(dialogue) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		raw, err := strconv.Unquote(`"` + strings.ReplaceAll(rest, `"`, `\"`) + `"`)
		if err != nil {
			raw = rest
		}
		switch word {
		case "C>", "C>>":
			script = append(script, "C"+strings.TrimRight(raw, "\r\n")+"\n"...)
		case "S>", "S>>":
			script = append(script, "S"+strings.TrimRight(raw, "\r\n")+"\n"...)
		case "@":
			script = append(script, outcomeLetter(rest), '\n')
		}
	}
	return script
}

// outcomeLetter is the script's letter for an outcome of a dialogue.
func outcomeLetter(outcome string) byte {
	f := strings.Fields(outcome)
	switch {
	case f[0] == "ended" && len(f) > 3:
		return 'b'
	case len(f) > 1 && f[0] == "expired":
		return 'p'
	case f[0] == "server-gone" && len(f) > 1:
		return 'l'
	}
	return map[string]byte{
		"met": 'm', "unmet": 'u', "joined": 'j', "ended": 'e', "dial-failed": 'd',
		"listed": 'e', "expired": 't', "server-gone": 'g', "client-gone": 'f',
	}[f[0]]
}

// checker drives a session by a script and watches its effects.
type checker struct {
	t      *testing.T
	s      *Session
	open   []Expect    // not yet met or refused
	live   []ID        // met
	ahead  []DialAhead // neither expected nor forgotten, nor failed
	timers []Timer
	ports  []uint16 // of the listeners that exist
	sent   [][]byte // the client's lines that may still leave
	said   [][]byte // the server's lines that may still reach the client
	inner  int      // code of the reply to the client that is not complete
	closed bool
	pass   bool // AUTH may be forwarded
	opaque bool

	use     map[ID]*usage
	listing ID // of the listing that is to be kept
	aborted bool
}

// usage is what has become of an expectation.
type usage struct {
	begins, joins, ends int
	cut                 bool // the only connection, of the only transfer, was cut
}

func (c *checker) step(line []byte) {
	if len(line) == 0 || c.opaque {
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
			c.said = append(c.said, text.Text)
			c.check(c.s.ServerLine(text))
		}
	case 'm', 'u':
		c.decide(line[0] == 'm')
	case 'j':
		c.each(c.joined)
	case 'e':
		c.each(func(id ID) []Effect { return c.ended(id, nil) })
	case 'b':
		c.each(func(id ID) []Effect { return c.ended(id, errors.New("x\r\n227 (1,2,3,4,5,6)")) })
	case 'd':
		c.each(func(id ID) []Effect { return c.s.DialFailed(id, errors.New("refused")) })
	case 'a':
		if len(c.ahead) > 0 {
			id := c.ahead[0].ID
			c.ahead = nil
			c.check(c.s.DialFailed(id, errors.New("refused")))
		}
	case 't':
		if len(c.timers) > 0 {
			t := c.timers[0]
			c.timers = c.timers[1:]
			c.check(c.s.Expired(t))
		}
	case 'p':
		if last := len(c.timers) - 1; last >= 0 {
			t := c.timers[last]
			c.timers = c.timers[:last]
			c.check(c.s.Expired(t))
		}
	case 'g':
		c.check(c.s.ServerGone(nil))
	case 'l':
		c.check(c.s.ServerGone(errors.New("lost")))
	case 'f':
		c.check(c.s.ClientGone())
	}
	c.bounded()
}

// bounded asserts that what is kept has a bound.
func (c *checker) bounded() {
	kept := 0
	for _, o := range c.s.out {
		for _, l := range o.lines {
			kept += len(l)
		}
	}
	if kept != c.s.outSize || len(c.s.queue) > maxQueue || len(c.s.pending) > maxPending+maxQueue {
		c.t.Fatalf("keeps %d, %d and %d, counts %d", len(c.s.queue), len(c.s.pending), kept, c.s.outSize)
	}
	busy := 0
	for _, u := range c.use {
		if u.begins > 0 {
			busy++
		}
	}
	if len(c.s.expectations) > busy+3 {
		c.t.Fatalf("keeps %d expectations, %d have been used", len(c.s.expectations), busy)
	}
}

// joined and ended keep account of connections. One pair of an expectation is
// joined at a time.
func (c *checker) joined(id ID) []Effect {
	u := c.use[id]
	if u.joins > u.ends {
		return nil
	}
	u.joins++
	return c.s.Joined(id)
}

func (c *checker) ended(id ID, broken error) []Effect {
	u := c.use[id]
	u.ends++
	u.joins = max(u.joins, u.ends)
	u.cut = broken != nil && u.ends == 1 && u.begins <= 1
	o := Outcome{Broken: broken}
	if c.listing == id {
		o.Listing = listingOf("f1", "f2", "f3", "f4", "f", "g", "sub", "h 1", "i", "227 (1,2,3,4,5,6)", "j\rDELE k", "f")
	}
	return c.s.Ended(id, o)
}

// drain has everything come that can come but for the server's lines, and
// asserts that nothing is left that waits.
func (c *checker) drain() {
	for i := 0; i < 60 && (i < 2 || len(c.open)+len(c.timers) > 0); i++ {
		for len(c.open) > 0 {
			c.decide(false)
		}
		for i := len(c.timers); i > 0 && len(c.timers) > 0; i-- {
			c.step([]byte("t"))
		}
		for _, id := range c.live {
			c.check(c.ended(id, nil))
		}
	}
	if c.closed || c.opaque || c.s.reply != nil {
		return
	}
	if len(c.ahead) > 0 {
		c.t.Fatalf("%s and nothing becomes of it", describe(c.ahead[0]))
	}
	if len(c.s.out) > 0 {
		c.t.Fatalf("%d replies are held for ever", len(c.s.out))
	}
	w := c.s.wait
	if r := c.s.awaiting(); r != nil && c.s.ahead.next != nil && c.s.transferring() {
		return // the server owes the reply to a transfer first
	}
	if w != nil && w.request != nil && (w.request.state != stateAsked || w.request.slot != nil || w.request.promised) {
		c.t.Fatalf("%s waits for ever, in state %d", w.line, w.request.state)
	}
	if w == nil && len(c.s.queue) > 0 && c.s.greeted && c.s.serverGone == nil && !c.s.early(c.s.queue[0]) && (c.s.quiet() || !c.s.withheld(c.s.queue[0])) {
		c.t.Fatalf("%q waits for nothing", c.s.queue[0].Text)
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
			c.expected(e)
		case DialAhead:
			if e.Server.Listen || e.Server.Port < minPort || len(c.ahead) > 0 || c.use[e.ID] != nil {
				c.t.Fatalf("%s, with %v ahead", describe(e), c.ahead)
			}
			c.ahead = append(c.ahead, e)
		case StartTimer:
			c.timers = append(c.timers, e.T)
		case Opaque:
			c.opaque = true
		case Close:
			c.closed = true
		default:
			c.account(e)
		}
	}
}

// expected takes an expectation up: as the one that was dialled for ahead, if its
// ID was given to one.
func (c *checker) expected(e Expect) {
	if c.use[e.ID] != nil {
		c.t.Fatalf("%s a second time", describe(e))
	}
	c.open = append(c.open, e)
	c.use[e.ID] = &usage{}
	if len(c.ahead) > 0 && c.ahead[0].ID == e.ID {
		if c.ahead[0].Server != e.Server {
			c.t.Fatalf("%s, but %s", describe(c.ahead[0]), describe(e))
		}
		c.ahead = nil
	}
}

// account follows what becomes of transfers: one whose data was cut is never
// called complete, unless the client has aborted it. What is forgotten is not
// ahead any more.
func (c *checker) account(e Effect) {
	switch e := e.(type) {
	case Forget:
		c.ahead = slices.DeleteFunc(c.ahead, func(a DialAhead) bool { return a.ID == e.ID })
	case KeepListing:
		if c.use[e.ID] == nil {
			c.t.Fatalf("%s, which was never expected", describe(e))
		}
		c.listing = e.ID
	case Begin:
		if u := c.use[e.ID]; u != nil {
			u.begins++
		}
	case Complete:
		u := c.use[e.ID]
		if u != nil && u.cut && u.begins == 1 && u.ends == 1 && class(e.Code) == 2 && !c.aborted {
			c.t.Fatalf("%s, but its data was cut", describe(e))
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
	code, more := ReplyCode(l)
	switch {
	case c.inner != 0:
		if EndsReply(l, c.inner) {
			c.inner = 0
		}
		c.relayed(l)
		return
	case more:
		c.inner = code
	}
	if !isPassiveCode(code) && !looksPassive(l) {
		c.relayed(l)
		return
	}
	if a, err := parsePassive(code, [][]byte{replyText(l)}); err != nil || !slices.Contains(c.ports, uint16(a.port)) {
		c.t.Fatalf("no listener for %q", l)
	}
}

// ownReply is what the session says in words of its own.
var ownReply = regexp.MustCompile(`^(421 Service not available: |425 Can't open data|425 PASV cannot|426 Transfer aborted after |` +
	`500 (Line too long|Command not understood)\.|501 (Cannot|Ports|Only)|502 .* not available through|503 EPSV ALL|` +
	`522 Network|200 (PORT|EPRT) command successful\.|211-Features:$|211 End$|\d\d\d End\.$)`)

// relayed takes a line that the client gets off what the server has said: it
// is unchanged and in its order. A refusal may stand before its turn, where the
// answer to a bridged request has its place.
func (c *checker) relayed(l []byte) {
	if ownReply.Match(l) {
		return
	}
	code, _ := ReplyCode(l)
	for i, s := range c.said {
		switch {
		case !bytes.Equal(s, l):
		case refuses(code) || c.inner != 0 && refuses(c.inner):
			c.said = slices.Delete(c.said, i, i+1)
			return
		default:
			c.said = c.said[i+1:]
			return
		}
	}
	c.t.Fatalf("the server never said %q, or said it before what was relayed", l)
}

func (c *checker) toServer(l []byte) {
	cmd := parseCommand(l)
	if cmd.verb == "ABOR" {
		c.aborted = true
	}
	switch cmd.verb {
	case "AUTH":
		if !c.pass {
			c.t.Fatalf("forwarded %q", l)
		}
	case "LPRT", "LPSV", "CPSV", "SPSV":
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
	if w := c.s.wait; w != nil && w.hidden && string(l) == "REST 0" {
		return
	}
	if slices.ContainsFunc(c.s.pending, func(p *command) bool { return p.unasked() && bytes.Equal(p.line, l) }) {
		return
	}
	if cmd.kind == kindTransfer {
		c.promiseKept(l)
	}
	c.inOrder(cmd, l)
}

// promiseKept asserts that a transfer goes to the server only if what its
// client was promised is there.
func (c *checker) promiseKept(l []byte) {
	if w := c.s.wait; w != nil && w.request != nil && w.request.promised {
		c.t.Fatalf("%q was sent before the answer to a request that was promised", l)
	}
	if err := c.s.promises.unmade; err != nil && !c.s.asking() {
		c.t.Fatalf("%q was sent without a data connection: %v", l, err)
	}
	if len(c.s.restart.stale) > 0 {
		c.t.Fatalf("%q was sent with the restart point of another one", l)
	}
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
