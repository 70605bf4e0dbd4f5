package ftpinspect

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
)

// request is a client's request for a data connection, and how far it has
// come on the server side.
type request struct {
	command *command
	client  End
	server  dialect   // the way that is tried now
	plan    []dialect // the ways after it
	tried   dialects  // what was refused
	state   requestState
	asked   bool // the server was asked in some way

	expectation *expectation
	slot        *slot    // its place among the replies, once it has one
	refusal     [][]byte // a reply of the server that the client may see
	reason      string   // why the last way failed
	answered    []byte   // the server's passive reply, if it is of one line
}

type requestState int

const (
	stateIdle    requestState = iota // waits for the server to have answered all
	stateAsked                       // the server was asked
	stateOpening                     // the caller was asked
	stateDone
)

func (r *request) passiveClient() bool { return r.client.Listen }

// mirrors tells that the server is asked in the client's own words.
func (r *request) mirrors() bool { return r.server.verb() == r.command.verb }

// beginRequest takes up a PASV, EPSV, PORT or EPRT.
func (s *Session) beginRequest(c *command) {
	client, refusal := s.clientEnd(c)
	if refusal != nil {
		s.answer(c, refusal)
		return
	}
	plan := s.plan(c.verb)
	r := &request{command: c, client: client}
	c.request = r
	if len(plan) == 0 {
		s.answer(c, replyNoData("the server mode permits no way to make one"))
		return
	}
	r.server, r.plan = plan[0], plan[1:]
	s.wait = c
	if !r.server.active() {
		s.ask(r)
	} else {
		s.open(r)
	}
}

// clientEnd is the client's end of the data connection that c asks for, or why
// it is refused.
func (s *Session) clientEnd(c *command) (End, []byte) {
	if s.epsvAll && c.verb != "EPSV" {
		return End{}, replyEPSVAll
	}
	switch c.verb {
	case "PASV":
		if s.cfg.Local.Is6() {
			return End{}, replyPASVOverV6
		}
		if !s.cfg.Local.IsValid() {
			return End{}, replyPASVNowhere
		}
		return End{Listen: true}, nil
	case "EPSV":
		return s.extendedEnd(c.arg)
	case "PORT":
		return s.activeEnd(parsePort(c.arg))
	}
	return s.activeEnd(parseEPRT(c.arg))
}

// extendedEnd reads the argument of EPSV: the network protocol, which must be
// that of the control connection.
func (s *Session) extendedEnd(arg string) (End, []byte) {
	protocol, only := "1", []byte("522 Network protocol not supported, use (1).")
	if s.cfg.Local.Is6() || !s.cfg.Local.IsValid() && s.cfg.Peer.Is6() {
		protocol, only = "2", []byte("522 Network protocol not supported, use (2).")
	}
	if arg = strings.TrimSpace(arg); arg != "" && arg != protocol {
		return End{}, only
	}
	return End{Listen: true}, nil
}

// activeEnd checks where a client wants its data: at its own address, on a
// port that is not a well-known service's (RFC 2577, sections 2 and 3).
func (s *Session) activeEnd(a netip.AddrPort, err error) (End, []byte) {
	switch {
	case errors.Is(err, errProtocol):
		return End{}, replyProtocol
	case err != nil:
		return End{}, replyBadPort
	case a.Port() < minPort:
		s.note(NoteLowPort, a.String())
		return End{}, replyLowPort
	case a.Addr().IsUnspecified() && s.cfg.Peer.IsValid():
		// lftp 4.9.2 sends EPRT |2|::|port| from a loopback address.
		a = netip.AddrPortFrom(s.cfg.Peer, a.Port())
	}
	if a.Addr() != s.cfg.Peer && !s.cfg.FXP {
		s.note(NoteForeignPort, a.String())
		return End{}, replyForeign
	}
	return End{Host: a.Addr().String(), Port: a.Port()}, nil
}

// attempt goes on with the way that is next, now that nothing is unanswered.
// An active server can be told of a listener that is open already.
func (s *Session) attempt(r *request) {
	if r.slot == nil {
		r.slot = s.newSlot()
	}
	switch {
	case r.server.active() && r.expectation == nil:
		s.open(r)
	case r.server.active():
		s.ask(r)
	default:
		s.abandon(r)
		s.ask(r)
	}
}

// abandon gives up what was opened for a way that did not work.
func (s *Session) abandon(r *request) {
	if e := r.expectation; e != nil {
		s.do(Forget{e.id})
		s.remove(e)
		r.expectation = nil
	}
}

// open has the caller listen for an active server. Whatever the client sends
// waits, for the server must get this command first.
func (s *Session) open(r *request) {
	r.state = stateOpening
	s.expect(r, End{Listen: true, Host: s.cfg.ActiveHost})
}

// ask puts the request to a server. Lines behind it follow at once if this way
// has worked before; else a refusal could no longer be bridged.
func (s *Session) ask(r *request) {
	r.state, r.asked = stateAsked, true
	line := []byte(r.server.verb())
	if r.server.active() {
		line = append(line, ' ')
		line = append(line, s.activeArg(r)...)
	}
	s.forward(r.command, line)
	if s.proven(r) {
		s.wait = nil
	}
	if r.command.mute || r.slot != nil || s.wait == r.command && len(s.pending) > 1 {
		s.startTimer(TimerIdle, func() { s.askOverdue(r) })
	}
}

// askOverdue gives up a request that the server may have swallowed, and a
// command of our own that the server does not answer. A request that was sent
// behind other commands goes on, but nothing waits for it any more: if the
// server has left one of those out, its reply was taken for theirs.
func (s *Session) askOverdue(r *request) {
	switch {
	case r.state != stateAsked || s.reply != nil && s.reply.command == r.command:
	case s.dataUnderWay():
		s.startTimer(TimerIdle, func() { s.askOverdue(r) })
	case r.command.mute || r.slot != nil:
		s.answered(r.command)
		r.reason = "the server does not answer " + r.server.verb()
		if r.slot == nil {
			r.plan = nil
		}
		s.next(r)
	case s.wait == r.command:
		s.giveUpBefore(r)
		s.wait = nil
	}
}

// giveUpBefore takes the requests before r for swallowed.
func (s *Session) giveUpBefore(r *request) {
	for _, c := range slices.Clone(s.pending) {
		switch {
		case c == r.command:
			return
		case c.request != nil && c.own == nil:
			s.answered(c)
			s.swallowed(c.request)
		}
	}
}

// proven tells that lines behind a request need not wait for its outcome. A
// second undecided one holds them up: each may keep a listener open.
func (s *Session) proven(r *request) bool {
	for _, c := range s.pending {
		if c.request != nil && c.request != r && c.own == nil {
			return false
		}
	}
	for _, e := range s.expectations {
		if e.request != r && e.request.state == stateOpening {
			return false
		}
	}
	return r.slot == nil && s.know.works.has(r.server) && (r.server.active() || s.know.Dialled)
}

func (s *Session) activeArg(r *request) string {
	a := netip.AddrPortFrom(s.activeAddr(r.server), r.expectation.listener.Port())
	if r.server == viaPORT {
		return hostPort(a)
	}
	return extendedArg(a)
}

// Met says that the listeners of an expectation are open, and its server
// dialled with DialFirst. Only here does a listener's address become a line.
func (s *Session) Met(id ID, at Listeners) []Effect {
	e := s.find(id)
	if e == nil || e.request.state != stateOpening || e.request.expectation != e {
		return s.take()
	}
	r := e.request
	e.listener, e.clientListener = at.Server, at.Client
	if r.client.Listen && at.Client.Port() == 0 || r.server.active() && at.Server.Port() == 0 {
		return s.Unmet(id, ClientSide, errNoListener)
	}
	if r.server.active() {
		s.ask(r)
	} else {
		s.know.Dialled = true
		s.succeed(r, nil)
	}
	s.pump()
	return s.take()
}

var errNoListener = errors.New("no listener")

// Unmet says that an expectation cannot be met, and on which side.
func (s *Session) Unmet(id ID, side Side, err error) []Effect {
	e := s.find(id)
	if e == nil || e.request.state != stateOpening || e.request.expectation != e {
		return s.take()
	}
	r := e.request
	s.dataFailed(e, err)
	s.remove(e)
	r.expectation = nil
	r.reason = err.Error()
	switch {
	case side == ClientSide:
		r.plan = nil
	case r.server.active():
		r.strike(activeDialects)
	default:
		r.strike(passiveDialects)
	}
	s.next(r)
	s.pump()
	return s.take()
}

// strike gives up several ways at once.
func (r *request) strike(which dialects) {
	r.tried |= which
	var left []dialect
	for _, d := range r.plan {
		if !which.has(d) {
			left = append(left, d)
		}
	}
	r.plan = left
}

// next tries the next way, or tells the client that none is left. There is
// none once lines that came after the request are on their way to the server.
func (s *Session) next(r *request) {
	r.tried = r.tried.with(r.server)
	s.know.works &^= 1 << r.server // the next request waits, so that it can be bridged
	if len(r.plan) == 0 || s.wait != r.command {
		s.fail(r)
		return
	}
	if r.asked && r.slot == nil {
		r.slot = s.newSlot()
	}
	r.server, r.plan = r.plan[0], r.plan[1:]
	r.state = stateIdle
	if len(s.pending) == 0 && s.reply == nil {
		s.attempt(r)
		return
	}
	s.startTimer(TimerIdle, func() { s.idleOverdue(r) })
}

// idleOverdue stops waiting for replies that never come, so that a request can
// be bridged. While a transfer runs it gives the request up.
func (s *Session) idleOverdue(r *request) {
	if r.state != stateIdle || s.reply != nil {
		return
	}
	if s.transferring() {
		s.fail(r)
		return
	}
	unanswered := s.pending
	s.pending = nil
	for _, c := range unanswered {
		switch {
		case c.own != nil:
			s.relay(c.own)
		case c.request != nil:
			s.swallowed(c.request)
		}
	}
	s.attempt(r)
}

// fail answers a request for which no way was left.
func (s *Session) fail(r *request) {
	lines := r.refusal
	if lines == nil {
		lines = [][]byte{replyNoData(r.reason)}
	}
	s.abandon(r)
	s.resolve(r, lines...)
}

// succeed answers a request whose data connection is ready.
func (s *Session) succeed(r *request, serverReply [][]byte) {
	s.know.works = s.know.works.with(r.server) &^ r.tried
	s.know.refused = (s.know.refused | r.tried) &^ (1 << r.server)
	if r.server.active() == r.passiveClient() {
		s.note(NoteBridged, r.command.verb+" by "+r.server.verb())
	}
	s.establish(r.expectation)
	switch {
	case r.command.verb == "PASV":
		s.resolve(r, reply227(r.expectation.clientListener, r.answered))
	case r.command.verb == "EPSV":
		s.resolve(r, reply229(r.expectation.clientListener, r.answered))
	case serverReply != nil && r.mirrors():
		s.resolve(r, serverReply...)
	default:
		s.resolve(r, []byte("200 "+r.command.verb+" command successful."))
	}
}

// resolve gives the client its answer, in its place: where the server's reply
// stands, or behind what is unanswered if the server was never asked.
func (s *Session) resolve(r *request, lines ...[]byte) {
	r.state = stateDone
	if s.wait == r.command {
		s.wait = nil
	}
	switch {
	case r.slot != nil:
		s.fill(r.slot, lines...)
	case r.asked:
		s.relayAll(lines)
	default:
		s.answer(r.command, lines[0])
	}
}
