package ftpinspect

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// FuzzOrder: with a server that answers in order, each command of the client gets
// one final reply, in the order of the commands, whether it is the server's or
// one of our own. Each letter of the script is a step.
func FuzzOrder(f *testing.F) {
	for _, script := range []string{
		"psmLsjesTsTTssTssTTns", "psmLsjesTsTsssxTnsTTss", "psmLsjesTsTTszzssxTssssTTTn", "psmLsjesTsTsssszyTTssss", "psmLsjeszszzqsszssmLsjesTsTsssTT",
		"nbsnas", "nnnbcbsss", "plnrsmbssjeas", "nprbscnsmssxebss", "psuprsmsns", "nfbnscss", "prsmnbssjsssens", "ebsrlsmsss",
		"nosrabssns", "psmrssnblsens", "qsqsqsmrsbscssens",
	} {
		for _, policy := range []byte{0, 1, 2, 3, 64, 128} {
			f.Add(policy, script)
		}
	}
	f.Fuzz(func(t *testing.T, policy byte, script string) {
		if len(script) > 400 {
			return
		}
		o := &orderly{t: t, s: New(policyConfig(policy &^ 4))}
		o.due = []string{"220", "230", "200"}
		o.take(server(o.s, "220 (vsFTPd 3.0.3)"))
		o.take(client(o.s, "PASS x"))
		o.todo = nil
		o.take(server(o.s, "230 in"))
		o.take(client(o.s, "TYPE I"))
		o.todo = nil
		o.take(server(o.s, "200 binary"))
		for i, letter := range script {
			o.step(i, letter)
		}
		o.finish()
	})
}

// orderly is a session between a client that counts replies and a server that
// answers one command after the other.
type orderly struct {
	t       *testing.T
	s       *Session
	due     []string // the beginning of the reply to each command, several parted by |
	heard   []string // final replies
	todo    []string // commands that the server has not answered
	begun   bool     // it has said 150 to the first of them
	ready   bool     // and has somewhere to send data to
	open    []Expect
	live    []ID
	joined  bool // the first of them
	timers  []Timer
	closed  bool
	port    int
	file    int // that the client asks about next
	listing ID  // to be kept
}

// fileNames are in the order in which the client may ask about them.
var fileNames = func() (names []string) {
	for i := range 60 {
		names = append(names, fmt.Sprint("f", i))
	}
	return names
}()

// steps of the client, with how the reply begins.
var orderlyCommands = map[rune][2]string{
	'n': {"NOOP %d", "200 %d."}, 'f': {"FEAT %d", "211 %d."}, 'r': {"RETR %d", "226 %d.|425|426"},
	'p': {"PASV", "227|425|500|522"}, 'q': {"EPSV", "229|425|500|522"},
	'a': {"AUTH TLS", "502"}, 'b': {"PORT 10,9,9,1,16,4", "501"}, 'c': {"LPSV", "502"}, 'l': {"EPRT |3|x|4100|", "522"},
	'o': {"PORT 127,0,0,1,31,97", "200|425|500|501"},
	'L': {"LIST %d", "226 %d.|425|426"}, 'T': {"MDTM f%d", "213 MDTM f%d."}, 'z': {"SIZE f%d", "213 SIZE f%d."},
}

func (o *orderly) step(i int, letter rune) {
	command, ok := orderlyCommands[letter]
	switch {
	case ok && o.s.WantsClient():
		line, reply := command[0], command[1]
		if isFact(line[:4]) {
			i = o.file // in the order of the listing
			o.file++
		}
		if strings.Contains(line, "%d") {
			line = fmt.Sprintf(line, i)
		}
		if strings.Contains(reply, "%d") {
			reply = fmt.Sprintf(reply, i)
		}
		o.due = append(o.due, reply)
		o.take(client(o.s, line))
	case letter == 'x':
		o.file += 2
	case letter == 'y':
		o.file = max(0, o.file-1)
	case letter == 's':
		o.answer()
	case letter == 'm', letter == 'u':
		o.decide(letter == 'm')
	case letter == 'j' && len(o.live) > 0 && !o.joined:
		o.joined = true
		o.take(o.s.Joined(o.live[0]))
	case letter == 'e' && len(o.live) > 0:
		id := o.live[0]
		o.live, o.joined = o.live[1:], false
		var outcome Outcome
		if id == o.listing {
			outcome.Listing = listingOf(fileNames...)
		}
		o.take(o.s.Ended(id, outcome))
	}
}

// answer has the server say its next reply.
func (o *orderly) answer() {
	if len(o.todo) == 0 || !o.s.WantsServer() {
		return
	}
	verb, arg, _ := strings.Cut(o.todo[0], " ")
	if (verb == "RETR" || verb == "LIST") && o.ready && !o.begun {
		o.begun = true
		o.take(server(o.s, "150 "+arg+"."))
		return
	}
	begun := o.begun
	o.todo, o.begun = o.todo[1:], false
	switch verb {
	case "PASV":
		o.port, o.ready = o.port+1, true
		o.take(server(o.s, fmt.Sprintf("227 Entering Passive Mode (127,0,0,1,78,%d).", o.port&255)))
	case "EPSV":
		o.port, o.ready = o.port+1, true
		o.take(server(o.s, fmt.Sprintf("229 Entering Extended Passive Mode (|||%d|)", 20000+o.port)))
	case "PORT", "EPRT":
		o.ready = true
		o.take(server(o.s, "200 told."))
	case "MDTM", "SIZE":
		o.take(server(o.s, "213 "+verb+" "+arg+"."))
	case "FEAT":
		o.take(server(o.s, "211-Features:"))
		o.take(server(o.s, "211 "+arg+"."))
	case "RETR", "LIST":
		code := "425 "
		if begun {
			code, o.ready = "226 ", false
		}
		o.take(server(o.s, code+arg+"."))
	default:
		o.take(server(o.s, "200 "+arg+"."))
	}
}

// decide has the first expectation met or not.
func (o *orderly) decide(met bool) {
	if len(o.open) == 0 {
		return
	}
	e := o.open[0]
	o.open = o.open[1:]
	if !met {
		o.take(o.s.Unmet(e.ID, ServerSide, errors.New("refused")))
		return
	}
	var l Listeners
	if e.Client.Listen {
		l.Client = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(30000+2*e.ID))
	}
	if e.Server.Listen {
		l.Server = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(30001+2*e.ID))
	}
	o.live = append(o.live, e.ID)
	o.take(o.s.Met(e.ID, l))
}

// take carries effects out: final replies are held against what is due.
func (o *orderly) take(effects []Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case ToClient:
			line := strings.TrimSuffix(string(e), "\r\n")
			if code, more := ReplyCode([]byte(line)); code >= 200 && !more {
				o.hear(line)
			}
		case ToServer:
			o.todo = append(o.todo, strings.TrimSuffix(string(e), "\r\n"))
		case KeepListing:
			o.listing = e.ID
		case Expect:
			o.open = append(o.open, e)
		case StartTimer:
			o.timers = append(o.timers, e.T)
		case Close:
			o.closed = true
		}
	}
}

func (o *orderly) hear(line string) {
	n := len(o.heard)
	o.heard = append(o.heard, line)
	if n >= len(o.due) {
		o.t.Fatalf("%q answers nothing; so far %q", line, o.heard)
	}
	for start := range strings.SplitSeq(o.due[n], "|") {
		if strings.HasPrefix(line, start) {
			return
		}
	}
	o.t.Fatalf("command %d was answered %q, want %s; so far %q", n, line, o.due[n], o.heard)
}

// finish has everything come that is to come: then nothing is unanswered.
func (o *orderly) finish() {
	for range 4 * (len(o.due) + 4) {
		for len(o.open) > 0 {
			o.decide(true)
		}
		o.answer()
		for len(o.live) > 0 && len(o.todo) == 0 {
			o.step(0, 'e')
		}
		if len(o.todo)+len(o.live)+len(o.open) == 0 && len(o.timers) > 0 {
			due := o.timers[0]
			o.timers = o.timers[1:]
			o.take(o.s.Expired(due))
		}
	}
	if !o.closed && len(o.heard) != len(o.due) {
		o.t.Fatalf("%d commands, %d replies: %q", len(o.due), len(o.heard), o.heard)
	}
}
