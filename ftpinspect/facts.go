package ftpinspect

import (
	"regexp"
	"slices"
	"strings"
)

// facts is what a session knows of the questions about files, MDTM and SIZE
// (RFC 3659), that it asks before the client does.
//
// A client that mirrors a folder asks a server without MLSD for the time of each
// file in its listing, one after the other: lftp 4.9.2 and ncftp 3.2.6 spend a
// round trip on every file, though nothing may have changed. So while a client goes
// through a listing the server is asked about the names that come next, too. Its
// answers are kept, and given when the client asks just that. Anything else that
// the client sends drops them, so none is older than the client's pause for
// thought.
//
// An answer must never be taken for that to another question. So a line of the
// client that is not among those asked ahead waits until they are answered, and
// only servers are asked that are known to answer every command of several that
// come in one piece.
type facts struct {
	listing            // that the client got last
	verb    string     // what the client asks about them
	prefix  string     // what it sets before each name, "./" or a folder
	last    int        // the name that it has asked about, -1 for none
	next    int        // the first name that the server was not asked about
	window  int        // how many questions to be ahead; 0 if the client asks in no order
	asked   []*command // ahead of the client, in order
	habit   bool       // the client has gone through a listing before
	off     bool       // the server has not answered in order
	timed   *command   // that the timer runs for
}

// The number of questions ahead begins small and grows by one with each that the
// client asks, which doubles it every round trip. A jump over a few names (lftp
// leaves symbolic links out) is within a client's order.
const (
	firstWindow = 4
	lastWindow  = 32
	maxJump     = 4
)

// inOrder are the words in the greetings of servers that were seen to answer
// commands that come together: vsftpd 3.0.3, ProFTPD 1.3.8, Pure-FTPd 1.0.50,
// pyftpdlib 1.5.7 and inetutils-ftpd 2.4. Others may take one read for one
// command.
var inOrder = [][]byte{[]byte("vsFTPd"), []byte("ProFTPD"), []byte("Pure-FTPd"), []byte("pyftpdlib"), []byte("GNU inetutils")}

func isFact(verb string) bool { return verb == "MDTM" || verb == "SIZE" }

// asksFacts reports whether questions may be asked ahead in this session. In
// ModeClient the server is asked about no file but the client's.
func (s *Session) asksFacts() bool {
	wanted := (s.cfg.Prefetch || s.cfg.Far) && s.cfg.Mode != ModeClient
	return wanted && s.ordered && !s.facts.off && s.loggedIn && !s.blocks && !s.opaque
}

// beginFact takes up a MDTM or SIZE of the client.
func (s *Session) beginFact(c *command) {
	f := &s.facts
	if i := f.find(c); i >= 0 {
		a := f.asked[i]
		f.asked = f.asked[i+1:]
		f.window, f.habit = min(f.window+1, lastWindow), true
		f.last = f.index(c.arg)
		s.takeFact(c, a)
	} else {
		s.forgetFacts()
		s.forward(c, c.line)
		f.read()
		f.follow(c)
	}
	s.askFacts(c)
}

// find is the place of a client's command among those that were asked ahead, -1
// if there is none. The length tells that nothing else is in the client's line.
func (f *facts) find(c *command) int {
	same := func(a *command) bool { return a.verb == c.verb && a.arg == c.arg && len(a.line) == len(c.line) }
	return slices.IndexFunc(f.asked, same)
}

// takeFact has the client's command c take what a, the same, was asked for ahead.
// Nothing of the client is unanswered behind a: its answer comes in its place.
func (s *Session) takeFact(c, a *command) {
	if a.kept == nil {
		a.hidden, a.mute = false, c.mute
		return
	}
	c.own = a.kept
	i := len(s.pending)
	for i > 0 && s.pending[i-1].unasked() {
		i--
	}
	s.pending = slices.Insert(s.pending, i, c)
	s.settle()
}

// follow looks whether a client goes through the listing: what it asks about
// comes soon behind what it has asked about before.
func (f *facts) follow(c *command) {
	i := f.index(c.arg)
	if i < 0 {
		f.last = -1
		return
	}
	prefix := strings.TrimSuffix(c.arg, f.names[i])
	again := f.last >= 0 && c.verb == f.verb && prefix == f.prefix
	if f.habit && f.last < 0 || again && i > f.last && i-f.last <= maxJump {
		f.window = firstWindow
	}
	f.verb, f.prefix, f.last, f.next = c.verb, prefix, i, i+1
}

// index is the place in the listing of the name that a path ends with, -1 if it is
// not there. The names are searched from the last one on.
func (f *facts) index(path string) int {
	for n := range f.names {
		i := (f.last + 1 + n) % len(f.names)
		if rest, ok := strings.CutSuffix(path, f.names[i]); ok && (rest == "" || strings.HasSuffix(rest, "/")) {
			return i
		}
	}
	return -1
}

// askFacts asks ahead, behind the client's command c, for which it waits. What a
// file's size is in type A only a server that reads it knows: inetutils-ftpd 2.4
// does, and opens a FIFO, too, for which it waits for ever.
func (s *Session) askFacts(c *command) {
	f := &s.facts
	if f.window == 0 || c.followed || f.verb == "SIZE" && !s.image || len(s.queue) > 0 || !s.asksFacts() || s.transferring() || !s.awaitsOnly(c.arg) {
		return
	}
	for len(f.asked) < f.window && f.next < len(f.names) {
		arg := f.prefix + f.names[f.next]
		f.next++
		if askable(arg) {
			a := &command{verb: f.verb, arg: arg, line: []byte(f.verb + " " + arg), mute: true, hidden: true, ahead: true}
			f.asked = append(f.asked, a)
			s.forward(a, a.line)
		}
	}
	s.timeFacts()
}

// awaitsOnly reports whether nothing is unanswered but questions that were asked
// ahead and the client's, about this path.
func (s *Session) awaitsOnly(path string) bool {
	return !slices.ContainsFunc(s.pending, func(c *command) bool {
		return !c.unasked() && !(isFact(c.verb) && c.arg == path)
	})
}

// setsTime matches what servers may take for a time to set and a name, and not for
// a name: vsftpd 3.0.3 looks at the first digit and the place of the blank alone.
var setsTime = regexp.MustCompile(`^\d\S{7,} `)

// askable reports whether a path means what it says to any server. The names come
// from a listing: a CR in one would end the line for some (see clean).
func askable(path string) bool {
	for i := range len(path) {
		if c := path[i]; c < ' ' || c == 0x7f || c == telnetIAC {
			return false
		}
	}
	return len(path) < 400 && !setsTime.MatchString(path)
}

// awaitsFacts reports whether a line of the client must wait for the answers to
// questions that it has not asked.
func (s *Session) awaitsFacts(l Line) bool {
	return !s.facts.off && s.unheardFact() != nil && s.facts.find(parseCommand(l.Text)) < 0
}

// unheardFact is the oldest unanswered question that the client has not asked.
func (s *Session) unheardFact() *command {
	for _, c := range s.pending {
		if c.unasked() {
			return c
		}
	}
	return nil
}

// passesFact reports whether a reply with this code is for no question about a file,
// and so not for c, while some were asked ahead: every answer behind it would be
// taken for that to the next question. 425 and 426 are about a data connection,
// and so is a 421 for one that nobody came to (see beginReply). Any other 421 is
// for the client, not for us.
func (s *Session) passesFact(c *command, code int) bool {
	odd := !refuses(code) && code != 213 || code == 425 || code == 426 || code == 421 && (s.ahead.ours || c.unasked())
	return odd && isFact(c.verb) && s.unheardFact() != nil
}

// factReply takes the answer to a question that was asked ahead.
func (s *Session) factReply(c *command, r *reply) {
	switch {
	case !c.hidden: // the client has asked meanwhile
		s.relayAll(r.lines)
	case len(r.lines) == 1:
		c.kept = r.first
	default:
		s.factsFailed()
	}
}

// factsFailed is the end of asking ahead about files in this session.
func (s *Session) factsFailed() {
	s.forgetFacts()
	s.facts.off = true
}

// disorder is something of the server's that answers nothing: its answers cannot
// be told apart by their order.
func (s *Session) disorder() {
	if len(s.facts.asked) > 0 || s.unheardFact() != nil {
		s.factsFailed()
	}
}

// forgetFacts drops the answers that were not asked for.
func (s *Session) forgetFacts() {
	f := &s.facts
	if len(f.asked) > 0 && f.window == firstWindow {
		f.habit = false // none of them was of use
	}
	f.asked, f.window = nil, 0
}

// endFacts ends the way through a listing with any other command of the client,
// but for one that comes between the two.
func (s *Session) endFacts(c *command) {
	s.forgetFacts()
	if !c.is("TYPE") && !c.is("NOOP") {
		s.facts.listing = listing{}
	}
}

// timeFacts has factsOverdue look at what was asked. One timer runs for any number
// of questions.
func (s *Session) timeFacts() {
	f := &s.facts
	if f.timed != nil || f.off {
		return
	}
	if f.timed = s.unheardFact(); f.timed == nil && len(f.asked) > 0 {
		f.timed = f.asked[0]
	}
	if f.timed != nil {
		s.startTimer(TimerIdle, s.factsOverdue)
	}
}

// factsOverdue drops answers that were kept for long, and waits no more for a
// server that does not answer.
func (s *Session) factsOverdue() {
	f := &s.facts
	c := f.timed
	f.timed = nil
	switch {
	case s.unheardFact() == c && (s.reply == nil || s.reply.command != c):
		s.factsFailed()
	case slices.Contains(f.asked, c):
		s.forgetFacts()
		f.listing = listing{}
	}
	s.timeFacts()
}
