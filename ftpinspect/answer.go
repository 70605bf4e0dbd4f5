package ftpinspect

import (
	"bytes"
	"net/netip"
	"strings"
)

// greets reports whether a code is one that an FTP server greets with: 220, or
// 120 before it (RFC 959, section 5.4). A negative greeting is FTP, too.
func greets(code int) bool { return code == 220 || code == 120 || refuses(code) }

// requestReply acts on the server's answer to a request for a data connection.
func (s *Session) requestReply(q *request, r *reply) {
	switch {
	case q.ahead:
		s.aheadReply(q, r)
	case q.server.active() && class(r.code) == 2:
		s.succeed(q, r.lines)
	case !q.server.active() && isPassiveCode(r.code):
		s.passiveReply(q, r)
	default:
		s.requestRefused(q, r)
	}
}

// passiveReply reads where the server listens and asks for the listener that
// the client is told of instead.
func (s *Session) passiveReply(q *request, r *reply) {
	server, ok := s.passiveEnd(q, r)
	if !ok {
		s.next(q)
		return
	}
	if q.slot == nil && !q.promised {
		q.slot = s.newSlot()
	}
	s.connect(q, server, r)
}

// passiveEnd is where the server listens, as its reply says.
func (s *Session) passiveEnd(q *request, r *reply) (server End, ok bool) {
	a, err := parsePassive(r.code, texts(r.lines))
	if err == nil && a.port < minPort {
		s.note(NoteLowPort, string(r.first))
		err = errPortRange
	}
	if err != nil {
		s.note(NoteUnparsable, string(r.first))
		q.reason = "the server's address cannot be used: " + err.Error()
		return End{}, false
	}
	if a.extra {
		s.note(NoteExtraNumbers, string(r.first))
	}
	return End{Host: s.dataHost(a), Port: uint16(a.port)}, true
}

// connect has the server's end dialled where r says that it listens.
func (s *Session) connect(q *request, server End, r *reply) {
	if q.mirrors() && len(r.lines) == 1 {
		q.answered = r.first
	}
	q.state = stateOpening
	s.expect(q, server)
	s.announced = q.expectation
}

// dataHost is where data is dialled: at the host of the control connection,
// for the address in a 227 is often a NAT's, and obeying it lets a server aim
// the tunnel at its neighbours (CVE-2020-8284, CVE-2021-4189).
func (s *Session) dataHost(a announced) string {
	named := a.host.IsValid() && !a.host.IsUnspecified()
	if named && s.cfg.ReplyHost {
		return a.host.String()
	}
	if target, err := netip.ParseAddr(s.cfg.TargetHost); named && (err != nil && !a.host.IsLoopback() || err == nil && target.Unmap() != a.host) {
		s.note(NoteDataHost, a.host.String())
	}
	return ""
}

// requestRefused goes on with the next way, unless the refusal is about the
// session (not logged in, no TLS) and not about the way.
func (s *Session) requestRefused(q *request, r *reply) {
	final := r.code == 530 || r.code == 534
	if refuses(r.code) && (final || q.mirrors() && q.refusal == nil) {
		q.refusal = r.lines
	}
	q.reason = "the server answered " + q.server.verb() + " with " + string(r.first)
	if final {
		q.plan = nil
	}
	s.next(q)
}

func texts(lines [][]byte) [][]byte {
	t := make([][]byte, len(lines))
	for i, l := range lines {
		t[i] = replyText(l)
	}
	return t
}

// plainReply notes what the answer to another command changes.
func (s *Session) plainReply(c *command, code int) {
	switch {
	case c.kind == kindGreeting:
		s.greetedWith(code)
	case c.kind == kindAuth:
		s.authReply(c, code)
	case c.is("REST"):
		s.restartReply(c, code)
	case class(code) != 2:
	case c.is("EPSV"):
		s.epsvAll = true // EPSV ALL, the only EPSV that is not a request
	case c.is("TYPE"):
		t := strings.ToUpper(strings.TrimSpace(c.arg))
		s.image = strings.HasPrefix(t, "I") || strings.HasPrefix(t, "L")
	case c.is("MODE"):
		m := strings.ToUpper(strings.TrimSpace(c.arg))
		s.blocks = m == "B" || m == "C"
	case c.is("REIN"):
		s.reinitialize()
	case c.is("USER") || c.is("PASS") || c.is("ACCT"):
		if code == 230 || code == 232 {
			s.logIn()
		}
	}
}

func (s *Session) logIn() {
	if !s.loggedIn {
		s.loggedIn = true
		s.do(LoggedIn{})
	}
}

// greetedWith begins the session, with the USER that a Proxy's client has sent
// already. A server that refuses and stays is left to refuse what follows, too.
func (s *Session) greetedWith(code int) {
	s.greeted = true
	if code == 220 && s.cfg.User != "" {
		user := []byte(s.cfg.User)
		s.forward(parseCommand(user), user)
	}
}

// reinitialize undoes what the session has agreed on, RFC 959, section 4.1.1.
func (s *Session) reinitialize() {
	s.epsvAll, s.image, s.blocks, s.loggedIn = false, false, false, false
	s.ahead.ours = false
	s.promises.kept = 0
	s.restart = restart{}
	if s.current != nil {
		s.forget(s.current)
	}
}

// beginAuth refuses AUTH, or forwards it and waits: what follows a 234 cannot
// be read.
func (s *Session) beginAuth(c *command) {
	if s.cfg.TLS == TLSRefuse {
		s.note(NoteTLSRefused, c.arg)
		s.answer(c, replyNoTLS)
		return
	}
	s.wait = c
	s.forward(c, c.line)
}

// early reports whether l is an AUTH that must not be forwarded yet: everything
// before it must have been answered, for after a 234 no reply can be told from
// another.
func (s *Session) early(l Line) bool {
	return s.cfg.TLS == TLSPass && len(s.pending)+len(s.out) > 0 && parseCommand(l.Text).kind == kindAuth
}

// authReply ends the wait for the answer to AUTH.
func (s *Session) authReply(c *command, code int) {
	s.wait = nil
	if code == 234 || code == 334 {
		s.opaque = true
		s.note(NoteTLSPassed, c.arg)
		s.do(Opaque{})
	}
}

// noteTLS tells the user of a server that insists on TLS: 534 (RFC 2228), or
// another refusal that says so (vsftpd and ProFTPD: 530, 550, 522).
func (s *Session) noteTLS(r *reply) {
	if !refuses(r.code) || s.cfg.TLS != TLSRefuse || hiddenFeatures[r.command.verb] || r.command.ahead {
		return // or what was asked ahead, with a name that the client may never say
	}
	t := strings.ToUpper(string(r.first))
	if r.code == 534 || strings.Contains(t, "TLS") || strings.Contains(t, "SSL") || strings.Contains(t, "ENCRYPTION") {
		s.note(NoteTLSRequired, string(r.first))
	}
}

// hiddenFeatures are not offered to a client whose AUTH will be refused.
var hiddenFeatures = map[string]bool{
	"AUTH": true, "PBSZ": true, "PROT": true, "CCC": true, "CPSV": true, "SSCN": true,
}

// hidden reports whether a line of the answer to FEAT (RFC 2389, section 3.2)
// must not reach the client.
func hidden(line []byte) bool {
	t := bytes.TrimLeft(line, " ")
	if code, _ := ReplyCode(t); code == 211 {
		t = replyText(t)
	}
	word, _, _ := bytes.Cut(bytes.TrimLeft(t, " "), []byte(" "))
	word, _, _ = bytes.Cut(word, []byte(";"))
	return hiddenFeatures[strings.ToUpper(string(word))]
}

// relayFeature passes a line of the answer to FEAT on, unless it is hidden. The
// first and the last line hold the reply together.
func (s *Session) relayFeature(line []byte, first, last bool) {
	switch {
	case !hidden(line):
		s.relay(line)
	case last:
		s.relay([]byte("211 End"))
	case first:
		s.relay([]byte("211-Features:"))
	}
}

// rewriteHost gives HOST (RFC 7151) the name of the target where the client
// has named our listener.
func (s *Session) rewriteHost(c *command) []byte {
	name := strings.Trim(strings.TrimSpace(c.arg), "[]")
	a, err := netip.ParseAddr(name)
	ours := strings.EqualFold(name, "localhost") || err == nil && plain(a) == s.cfg.Local
	if !ours || s.cfg.TargetHost == "" {
		return c.line
	}
	host := s.cfg.TargetHost
	if t, err := netip.ParseAddr(host); err == nil && t.Is6() {
		host = "[" + host + "]"
	}
	return []byte("HOST " + host)
}
