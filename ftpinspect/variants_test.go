package ftpinspect

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestVariants227 and TestVariants229 answer a client's PASV and EPSV in every
// form of testdata/variants-227.txt and variants-229.txt. An accepted form
// yields one canonical line with our listener's port, a refused one a reply
// with the code named there, and no form lets the server's address through.
func TestVariants227(t *testing.T) {
	const ours = "227 Entering Passive Mode (127,0,0,1,7,209)"
	eachVariant(t, "227", func(t *testing.T, v variant) { v.play(t, "PASV", ours) })
}

func TestVariants229(t *testing.T) {
	const ours = "229 Entering Extended Passive Mode (|||2001|)"
	eachVariant(t, "229", func(t *testing.T, v variant) { v.play(t, "EPSV", ours) })
}

// variant is a row of a variants file.
type variant struct {
	name, verdict, reply string
}

func eachVariant(t *testing.T, code string, test func(*testing.T, variant)) {
	for _, v := range readVariants(t, code) {
		t.Run(v.name, func(t *testing.T) { test(t, v) })
	}
}

func readVariants(t testing.TB, code string) (all []variant) {
	t.Helper()
	b, err := os.ReadFile("testdata/variants-" + code + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 {
			t.Fatalf("not three columns: %q", line)
		}
		all = append(all, variant{f[0], f[1], f[2]})
	}
	return all
}

var padding = regexp.MustCompile(`\{x\*(\d+)\}`)

// bytes is the reply as the server sends it.
func (v variant) bytes(t testing.TB) []byte {
	t.Helper()
	text := padding.ReplaceAllStringFunc(v.reply, func(m string) string {
		n, _ := strconv.Atoi(padding.FindStringSubmatch(m)[1])
		return strings.Repeat("x", n)
	})
	text = strings.NewReplacer("{dead}", "", "{close}", "").Replace(text)
	raw, err := strconv.Unquote(`"` + text + `"`)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return []byte(raw)
}

// play has the server answer cmd in this form. What the session tries after a
// refusal is refused, too.
func (v variant) play(t *testing.T, cmd, ours string) {
	cfg := defaultConfig()
	cfg.Mode = ModePassive
	s := New(cfg)
	d := &variantDialogue{s: s, dead: strings.Contains(v.reply, "{dead}")}
	s.ServerLine(Line{Text: []byte("220 ready")})
	d.take(s.ClientLine(Line{Text: []byte(cmd)}))
	server := Splitter{Max: MaxReply}
	server.Push(v.bytes(t))
	for _, l := range drain(&server) {
		d.take(s.ServerLine(l))
	}
	if strings.Contains(v.reply, "{close}") {
		d.take(s.ServerGone(nil))
	}
	for range d.asked[min(1, len(d.asked)):] {
		d.take(s.ServerLine(Line{Text: []byte("500 no")}))
	}
	v.judge(t, d, ours)
}

// variantDialogue collects what comes of a reply.
type variantDialogue struct {
	s      *Session
	dead   bool     // nothing answers at the data port
	asked  []string // lines for the server
	got    []string // lines for the client
	dialed []uint16
}

func (d *variantDialogue) take(effects []Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case ToServer:
			d.asked = append(d.asked, string(e))
		case ToClient:
			d.got = append(d.got, strings.TrimSuffix(string(e), "\r\n"))
		case Expect:
			if d.dead {
				d.take(d.s.Unmet(e.ID, ServerSide, errors.New("connection refused")))
				continue
			}
			d.dialed = append(d.dialed, e.Server.Port)
			d.take(d.s.Met(e.ID, Listeners{Client: netip.MustParseAddrPort("127.0.0.1:2001")}))
		}
	}
}

func (v variant) judge(t *testing.T, d *variantDialogue, ours string) {
	if len(d.got) != 1 {
		t.Fatalf("the client gets %q", d.got)
	}
	port, _ := strconv.Atoi(v.verdict)
	if port < minPort { // a code
		if len(d.dialed) > 0 || !strings.HasPrefix(d.got[0], v.verdict+" ") {
			t.Fatalf("dialled %v, the client gets %q, want %s", d.dialed, d.got, v.verdict)
		}
		return
	}
	if fmt.Sprint(d.dialed) != fmt.Sprint([]int{port}) {
		t.Errorf("dialled %v, want %d", d.dialed, port)
	}
	if strings.TrimSuffix(d.got[0], ".") != ours {
		t.Errorf("the client gets %q, want %q", d.got[0], ours)
	}
}
