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

	promised bool // the client has got its 200 already, see promise

	pauses  bool // it must not be answered yet
	adopted bool // it has taken an address that was asked for ahead
	ahead   bool // the session has made it itself, ahead of the client's

	// Of a request that was made ahead:
	reply *reply // the server's answer; nil until it has come
	end   End    // where the server listens, by that answer

	id ID // of the DialAhead for it; 0 if there is none, or it was made use of
}

type requestState int

const (
	stateIdle     requestState = iota // waits for the server to have answered all
	stateAwaiting                     // takes what was asked for ahead, once that is answered
	stateAsked                        // the server was asked
	stateOpening                      // the caller was asked for an expectation
	stateDone
)

func (r *request) passiveClient() bool { return r.client.Listen }

// mirrors reports whether the server is asked in the client's own words.
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
		s.answer(c, replyNoData(s.noWay(c)))
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

// noWay says why c cannot be served in the server mode, in which active mode
// is all there is.
func (s *Session) noWay(c *command) string {
	if s.epsvAll {
		return "the server mode is active, and the client has sent EPSV ALL"
	}
	s.note(NoteNoActive, c.verb)
	return "active mode needs an address that the FTP server reaches"
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
// has worked before; else a refusal could no longer be bridged. Behind one that
// the client was promised only those follow that no refusal concerns.
func (s *Session) ask(r *request) {
	if r.server.active() {
		s.dropAhead()
	} else if s.adopt(r) {
		return
	}
	r.state, r.asked = stateAsked, true
	line := []byte(r.server.verb())
	if r.server.active() {
		line = append(line, ' ')
		line = append(line, s.activeArg(r)...)
	}
	if s.promisable(r) {
		s.promise(r, line)
		return
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
		s.noteLate()
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

// proven reports whether lines behind a request need not wait for its outcome.
// A second undecided one holds them up: each may keep a listener open.
func (s *Session) proven(r *request) bool {
	if s.ahead.ours {
		return false // if it is refused the server would use the other
	}
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
