package ftpinspect

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the effects that were seen into the dialogues")

// TestDialogues replays testdata/dialogues. docs/weird-servers.md describes
// the files; in short: "C>" and "S>" are lines that come in, "@" is an outcome
// that the caller reports, and "c<", "s<", "!" are the effects that must come
// of it, in this order.
func TestDialogues(t *testing.T) {
	files, err := filepath.Glob("testdata/dialogues/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no dialogues", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { replayFile(t, file) })
	}
}

func replayFile(t *testing.T, file string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{cfg: defaultConfig()}
	got, err := p.play(string(b))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if !strings.Contains(string(b), "# source: ") {
		t.Errorf("%s names no source", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(b) {
		t.Errorf("%s: effects differ\n--- got\n%s\n--- want\n%s", file, got, b)
	}
}

func defaultConfig() Config {
	return Config{
		Local:       netip.MustParseAddr("127.0.0.1"),
		Peer:        netip.MustParseAddr("127.0.0.1"),
		TargetHost:  "localhost",
		ActiveHost:  "localhost",
		ActiveAddrs: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")},
	}
}

// player plays a dialogue: it keeps comments and input and writes the effects
// anew.
type player struct {
	cfg     Config
	s       *Session
	client  Splitter
	server  Splitter
	timers  []Timer
	out     strings.Builder
	learned Knowledge
}

func (p *player) play(text string) (string, error) {
	sc := bufio.NewScanner(strings.NewReader(text))
	sc.Buffer(nil, 1<<20)
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		if strings.HasPrefix(line, "c< ") || strings.HasPrefix(line, "s< ") || strings.HasPrefix(line, "! ") || line == "c<" || line == "s<" {
			continue
		}
		fmt.Fprintln(&p.out, line)
		if err := p.step(line); err != nil {
			return "", fmt.Errorf("line %d: %q: %w", n, line, err)
		}
	}
	return p.out.String(), sc.Err()
}

func (p *player) step(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "" || word == "#":
		return nil
	case word == "%":
		return p.configure(rest)
	}
	if p.s == nil {
		p.s = New(p.cfg)
		p.s.SetKnowledge(p.learned)
		p.client.Max, p.server.Max = MaxCommand, MaxReply
	}
	switch word {
	case "C>", "C>>":
		return p.feed(&p.client, rest, word == "C>", p.s.ClientLine)
	case "S>", "S>>":
		return p.feed(&p.server, rest, word == "S>", p.s.ServerLine)
	case "@":
		return p.outcome(strings.Fields(rest))
	}
	return errors.New("unknown line")
}

// feed pushes a line, or with >> a piece of the stream that says its own ends.
func (p *player) feed(sp *Splitter, text string, whole bool, take func(Line) []Effect) error {
	raw, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
	if err != nil {
		return err
	}
	if whole {
		raw += "\r\n"
	}
	sp.Push([]byte(raw))
	for l, ok := sp.Next(); ok; l, ok = sp.Next() {
		p.show(take(l))
	}
	return nil
}

func (p *player) configure(setting string) error {
	key, value, _ := strings.Cut(setting, "=")
	switch key {
	case "local":
		p.cfg.Local = netip.MustParseAddr(value)
	case "peer":
		p.cfg.Peer = netip.MustParseAddr(value)
	case "target":
		p.cfg.TargetHost = value
	case "active":
		p.cfg.ActiveAddrs = nil
		for _, a := range strings.Fields(value) {
			p.cfg.ActiveAddrs = append(p.cfg.ActiveAddrs, netip.MustParseAddr(a))
		}
	case "mode":
		p.cfg.Mode = map[string]ServerMode{"auto": ModeAuto, "client": ModeClient, "passive": ModePassive, "active": ModeActive}[value]
	case "tls":
		p.cfg.TLS = map[string]TLSMode{"refuse": TLSRefuse, "pass": TLSPass}[value]
	case "user":
		p.cfg.User = value
	case "reply-host":
		p.cfg.ReplyHost = true
	case "far":
		p.cfg.Far = true
	case "prefetch":
		p.cfg.Prefetch = true
	case "fxp":
		p.cfg.FXP = true
	case "session": // a further one, with what was learnt
		p.learned, p.s = p.s.Knowledge(), nil
		p.client, p.server = Splitter{}, Splitter{}
	default:
		return fmt.Errorf("unknown setting %q", key)
	}
	return nil
}

// outcome reports what the caller did.
func (p *player) outcome(f []string) error {
	arg := func(i int) string {
		if i < len(f) {
			return f[i]
		}
		return ""
	}
	n, _ := strconv.Atoi(arg(1))
	id, reason := ID(n), errors.New(strings.Join(f[min(2, len(f)):], " "))
	switch arg(0) {
	case "met":
		p.show(p.s.Met(id, p.listeners(f[2:])))
	case "unmet":
		side := map[string]Side{"client": ClientSide, "server": ServerSide}[arg(2)]
		p.show(p.s.Unmet(id, side, errors.New(strings.Join(f[3:], " "))))
	case "dial-failed":
		p.show(p.s.DialFailed(id, reason))
	case "joined":
		p.show(p.s.Joined(id))
	case "ended":
		return p.ended(id, f[2:])
	case "expired":
		return p.expired(arg(1))
	case "listed":
		return p.listed(id, f[2:])
	case "server-gone":
		p.serverGone(f[1:])
	case "client-gone":
		p.show(p.s.ClientGone())
	default:
		return errors.New("unknown outcome")
	}
	return nil
}

// expired has the oldest timer of a kind expire, of any kind if it is empty.
func (p *player) expired(kind string) error {
	for i, t := range p.timers {
		if kind == "" || kind == timerNames[t.Kind] {
			p.timers = slices.Delete(p.timers, i, i+1)
			p.show(p.s.Expired(t))
			return nil
		}
	}
	return errors.New("no timer runs")
}

func (p *player) listeners(f []string) (l Listeners) {
	for _, a := range f {
		side, addr, _ := strings.Cut(a, "=")
		if side == "client" {
			l.Client = netip.MustParseAddrPort(addr)
		} else {
			l.Server = netip.MustParseAddrPort(addr)
		}
	}
	return l
}

func (p *player) ended(id ID, f []string) error {
	bytes, err := strconv.ParseInt(f[0], 10, 64)
	if err != nil {
		return err
	}
	o := Outcome{Bytes: bytes}
	if len(f) > 1 {
		o.Broken = errors.New(strings.Join(f[1:], " "))
	}
	p.show(p.s.Ended(id, o))
	return nil
}

// listed ends a listing of these files.
func (p *player) listed(id ID, names []string) error {
	for i, n := range names {
		name, err := strconv.Unquote(`"` + n + `"`)
		if err != nil {
			return err
		}
		names[i] = name
	}
	text := listingOf(names...)
	p.show(p.s.Ended(id, Outcome{Bytes: int64(len(text)), Listing: text}))
	return nil
}

func (p *player) serverGone(f []string) {
	var err error
	if len(f) > 0 {
		err = errors.New(strings.Join(f, " "))
	}
	p.show(p.s.ServerGone(err))
}

func (p *player) show(effects []Effect) {
	for _, e := range effects {
		if t, ok := e.(StartTimer); ok {
			p.timers = append(p.timers, t.T)
		}
		fmt.Fprintln(&p.out, strings.TrimRight(describe(e), " "))
	}
}

func describe(e Effect) string {
	switch e := e.(type) {
	case ToClient:
		return "c< " + quoted(e)
	case ToServer:
		return "s< " + quoted(e)
	case Expect:
		s := fmt.Sprintf("! expect %d client %s server %s", e.ID, describeEnd(e.Client), describeEnd(e.Server))
		if e.DialFirst {
			s += ", dial first"
		}
		if e.ClientWaits {
			s += ", client waits"
		}
		return s
	case DialAhead:
		return fmt.Sprintf("! dial ahead %d server %s", e.ID, describeEnd(e.Server))
	case Forget:
		return fmt.Sprintf("! forget %d", e.ID)
	case KeepListing:
		return fmt.Sprintf("! keep listing %d", e.ID)
	case Shut:
		return fmt.Sprintf("! shut %d", e.ID)
	case DialClient:
		return fmt.Sprintf("! dial client %d", e.ID)
	case Begin:
		return fmt.Sprintf("! begin %d %s %s", e.ID, e.Transfer.Verb, quotedText([]byte(e.Transfer.Path)))
	case Complete:
		return fmt.Sprintf("! complete %d %s %s: %d", e.ID, e.Transfer.Verb, quotedText([]byte(e.Transfer.Path)), e.Code)
	case Watch:
		return fmt.Sprintf("! watch %d", e.ID)
	case StartTimer:
		return "! timer " + timerNames[e.T.Kind]
	case Close:
		return "! close " + e.Reason
	case EndServer:
		return "! end server"
	case LoggedIn:
		return "! logged in"
	case Opaque:
		return "! opaque"
	case Note:
		return "! note " + noteNames[e.Kind] + " " + quotedText([]byte(e.Detail))
	}
	return fmt.Sprintf("! %T", e)
}

var timerNames = [...]string{TimerData: "data", TimerReply: "reply", TimerIdle: "idle", TimerPause: "pause"}

var noteNames = map[NoteKind]string{
	NoteTLSRefused: "tls-refused", NoteTLSRequired: "tls-required", NoteTLSPassed: "tls-passed", NoteDataHost: "data-host",
	NoteForeignPort: "foreign-port", NoteNoActive: "no-active", NoteLowPort: "low-port", NoteBridged: "bridged", NoteNotFTP: "not-ftp",
	NoteNotClient: "not-client", NoteLongLine: "long-line", NoteBadBytes: "bad-bytes", NoteTLSClient: "tls-client",
	NoteUnsolicited: "unsolicited", NoteUnparsable: "unparsable", NoteExtraNumbers: "extra-numbers",
}

func describeEnd(e End) string {
	host := e.Host
	if host == "" {
		host = "*"
	}
	if e.Listen {
		return "listen " + host
	}
	return "dial " + host + ":" + strconv.Itoa(int(e.Port))
}

func quoted(b []byte) string {
	s, ok := strings.CutSuffix(string(b), "\r\n")
	if !ok {
		return "NOT ENDED BY CRLF: " + quotedText(b)
	}
	if rest, ok := strings.CutSuffix(s, " "); ok {
		return quotedText([]byte(rest)) + `\x20` // editors strip blanks
	}
	return quotedText([]byte(s))
}

// quotedText escapes what is not printable, and nothing else.
func quotedText(b []byte) string {
	q := strconv.QuoteToASCII(string(b))
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// listingOf is what LIST prints of files.
func listingOf(names ...string) (text []byte) {
	for _, name := range names {
		text = fmt.Appendf(text, "-rw-r--r--    1 0        0            1024 Nov 21 02:39 %s\r\n", name)
	}
	return text
}
