package ftpinspect

import "net/netip"

// Session is the state of one control connection. It is owned by one
// goroutine. Every method returns what the caller must do, in order.
//
// A client's line passes through three places. It waits in queue while a
// request for a data connection before it must be decided first. Once it was
// forwarded it stands in pending until the server has answered it. The reply
// then stands in out while one before it is not ready for the client: a 227
// whose listener is not open yet, a 226 whose data is still on its way.
type Session struct {
	cfg  Config
	know Knowledge

	queue   []Line     // client lines not yet taken up
	wait    *command   // what the queue waits for; nil if it need not
	pending []*command // forwarded, in order, not answered
	last    *command   // the transfer answered last, see revive
	reply   *reply     // the server's reply in progress
	out     []*slot    // replies that the client may not have yet
	outSize int        // bytes in out

	expectations []*expectation // those that can still matter
	current      *expectation   // the one that the client was told of last
	announced    *expectation   // the one that the server knows of last: a transfer uses it
	lastID       ID
	lastTimer    int
	timers       map[int]func() // what to do when a timer fires, by its number

	greeted   bool
	lingers   bool // see lingering
	ordered   bool // see inOrder
	facts     facts
	ahead     ahead
	promises  promises
	restart   restart
	late      int // answers that may still come to requests that were given up, see noteLate
	loggedIn  bool
	directory string // where the client has changed to, see noteDirectory
	sizes     sizes
	epsvAll   bool // the server has accepted EPSV ALL
	image     bool // TYPE I or L: files are taken as they are
	blocks    bool // MODE B or C: the end of a data connection ends no file
	opaque    bool // 234 to AUTH was relayed
	noted     map[NoteKind]bool

	clientGone bool
	serverGone *gone
	closed     bool
	quit       bool // QUIT was forwarded, or the client has left
	lastReply  int  // code of the last reply that the client got

	effects []Effect // collected for the call in progress
}

// New returns the session of a control connection whose server has not
// greeted yet.
func New(cfg Config) *Session {
	cfg.Local, cfg.Peer = plain(cfg.Local), plain(cfg.Peer)
	if cfg.Local.IsUnspecified() {
		cfg.Local = netip.Addr{}
	}
	return &Session{
		cfg:     cfg,
		pending: []*command{{kind: kindGreeting}},
		timers:  map[int]func(){},
		noted:   map[NoteKind]bool{},
	}
}

func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// SetKnowledge tells the session what is known of the target. It may be
// called before any other call.
func (s *Session) SetKnowledge(k Knowledge) { s.know = k }

// Knowledge returns what is known of the target after the last call.
func (s *Session) Knowledge() Knowledge { return s.know }

// Limits on what a session keeps.
const (
	maxQueue   = 64        // client lines that wait
	maxPending = 512       // unanswered commands
	maxOut     = 128 << 10 // bytes of replies that wait
)

// WantsClient reports whether ClientLine may be called. If not, the caller
// stops reading from the client until another call has changed that.
func (s *Session) WantsClient() bool {
	return !s.closed && len(s.queue) < maxQueue && len(s.pending) < maxPending
}

// WantsServer reports whether ServerLine may be called.
func (s *Session) WantsServer() bool { return !s.closed && s.outSize < maxOut }

// Idle reports whether no command is unanswered and no reply is held.
func (s *Session) Idle() bool {
	return len(s.queue) == 0 && len(s.pending) == 0 && len(s.out) == 0
}

// ClientLine takes a line of the client.
func (s *Session) ClientLine(l Line) []Effect {
	if s.closed {
		return nil
	}
	if !s.loggedIn && parseCommand(l.Text).fromBrowser() {
		s.note(NoteNotClient, string(l.Text))
		s.close("an HTTP request instead of an FTP command")
		return s.take()
	}
	if !s.loggedIn && helloTLS(l.Text) {
		s.note(NoteTLSClient, "")
		s.close("a TLS handshake instead of an FTP command")
		return s.take()
	}
	if l.Dropped {
		s.note(NoteBadBytes, "")
	}
	if s.passesBy(l) {
		s.dispatch(l)
		return s.take()
	}
	s.queue = append(s.queue, l)
	s.pump()
	return s.take()
}

// passesBy reports whether a line overtakes those that wait in the queue: ABOR,
// STAT and QUIT while a transfer runs, unless a command of our own is
// unanswered.
func (s *Session) passesBy(l Line) bool {
	waits := s.wait != nil || len(s.queue) > 0
	if !waits || !s.transferring() || !parseCommand(l.Text).urgent() {
		return false
	}
	return s.wait == nil || s.wait.request == nil || s.wait.request.state != stateAsked
}

// ClientGone says that the client has ended its control connection. What it
// had sent before is still served; then EndServer is returned.
func (s *Session) ClientGone() []Effect {
	s.clientGone = true
	s.pump()
	return s.take()
}

// Expired says that the time of t is over.
func (s *Session) Expired(t Timer) []Effect {
	if f := s.timers[t.seq]; f != nil && !s.closed {
		delete(s.timers, t.seq)
		f()
		s.pump()
	}
	return s.take()
}

// startTimer has f called when a timer of this kind fires. Unless f finds that
// what it was for is over, it acts.
func (s *Session) startTimer(kind TimerKind, f func()) {
	s.lastTimer++
	s.timers[s.lastTimer] = f
	s.do(StartTimer{Timer{Kind: kind, seq: s.lastTimer}})
}

// pump takes up queued lines until one has to wait.
func (s *Session) pump() {
	for len(s.queue) > 0 && s.dispatches(s.queue[0]) {
		l := s.queue[0]
		s.queue = s.queue[1:]
		s.dispatch(l)
	}
	s.settle()
	if len(s.queue) > 0 {
		s.withdraw(s.queue[0])
	}
	unsent := s.cfg.User != "" && !s.greeted // its first line, see greetedWith
	if s.clientGone && len(s.queue) == 0 && s.wait == nil && !s.closed && !unsent {
		s.clientGone, s.quit = false, true
		s.dropAhead()
		s.do(EndServer{})
	}
}

// dispatches reports whether a line of the client can be taken up.
func (s *Session) dispatches(l Line) bool {
	if !s.greeted || s.opaque || s.serverGone != nil || s.closed {
		return false
	}
	return (s.wait == nil || s.follows(l)) && !s.early(l) && !s.withheld(l) && !s.awaitsFacts(l)
}

// dispatch decides what becomes of a client's line.
func (s *Session) dispatch(l Line) {
	c := parseCommand(l.Text)
	c.mute = c.mute || s.transferring()
	c.followed = l.More || len(s.queue) > 0
	if c.kind != kindRequest && c.kind != kindTransfer && !harmless[c.verb] {
		s.dropAhead()
	}
	if !isFact(c.verb) {
		s.endFacts(c)
	}
	s.noteFollower(c)
	switch {
	case l.TooLong || smuggles(l.Text):
		s.note(NoteLongLine, "")
		s.answer(c, replyLineTooLong)
	case c.kind == kindRefused:
		s.answer(c, replyNotHere)
	case c.kind == kindGarbled:
		s.answer(c, replyGarbled)
	case c.kind == kindRequest:
		s.beginRequest(c)
	case c.kind == kindTransfer:
		s.beginTransfer(c)
	case c.kind == kindAuth:
		s.beginAuth(c)
	case c.kind == kindHost:
		s.forward(c, s.rewriteHost(c))
	case isFact(c.verb) && c.kind == kindPlain:
		s.beginFact(c)
	case c.is("USER") && s.cfg.UserTarget != "":
		s.userAgain(c)
	default:
		switch {
		case c.is("ABOR"):
			s.aborted()
		case c.is("REST"):
			s.restart.last = c
		}
		s.quit = s.quit || c.is("QUIT")
		s.forward(c, c.line)
	}
}

// forward sends a command to the server and waits for its reply.
func (s *Session) forward(c *command, line []byte) {
	s.toServer(line)
	s.pending = append(s.pending, c)
}

// answer has the client get a reply of ours, after those to what it sent
// before.
func (s *Session) answer(c *command, line []byte) {
	c.own = line
	if c.kind == kindTransfer {
		s.restart.unmade()
	}
	s.pending = append(s.pending, c)
	s.settle()
	if s.behindMute(c) {
		s.startTimer(TimerIdle, func() { s.answerOverdue(c) })
	}
}

// settle moves own answers that have become the oldest to the client, and
// goes on with what waits for the server to have answered everything. Nothing
// may come between the lines of one reply.
func (s *Session) settle() {
	if s.reply != nil {
		return
	}
	for c := s.oldest(); c != nil && c.own != nil; c = s.oldest() {
		s.answered(c)
		s.relay(c.own)
	}
	if len(s.pending) == 0 && s.wait != nil && s.wait.request != nil && s.wait.request.state == stateIdle {
		s.attempt(s.wait.request)
	}
}

// oldest is the oldest unanswered command of the client. What it has not asked
// holds nothing up.
func (s *Session) oldest() *command {
	for _, c := range s.pending {
		if !c.unasked() {
			return c
		}
	}
	return nil
}

// transferring reports whether a transfer command is unanswered or its last
// reply is held.
func (s *Session) transferring() bool {
	for _, c := range s.pending {
		if c.transfer != nil && c.own == nil {
			return true
		}
	}
	for _, o := range s.out {
		if o.held != nil {
			return true
		}
	}
	return false
}

func (s *Session) do(e Effect) {
	if !s.closed {
		s.effects = append(s.effects, e)
	}
}

func (s *Session) take() []Effect {
	e := s.effects
	s.effects = nil
	return e
}

func (s *Session) note(k NoteKind, detail string) {
	if !s.noted[k] {
		s.noted[k] = true
		s.do(Note{Kind: k, Detail: detail})
	}
}

// close is the end: no effect follows it.
func (s *Session) close(reason string) {
	s.do(Close{Reason: reason})
	s.closed = true
}

// helloTLS reports whether a line begins a TLS handshake: a record of that type
// and of version 3 (RFC 8446, section 5.1).
func helloTLS(line []byte) bool { return len(line) > 1 && line[0] == 22 && line[1] == 3 }
