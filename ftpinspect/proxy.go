package ftpinspect

import (
	"strconv"
	"strings"
)

// Proxy is the dialogue with a client that has yet to name its server, as FTP
// clients do it with an FTP proxy: USER name@host[:port], or HOST (RFC 7151),
// OPEN or SITE before a plain USER. The zero value has greeted nobody. It is
// owned by one goroutine.
type Proxy struct {
	named string // by HOST, OPEN or SITE: host:port
}

// Choice is what a client has chosen: where to connect to, host:port, and the
// USER command that the server there gets. InUser says that USER itself has
// named the target, and so may a later one (see [Config]).
type Choice struct {
	Target string
	User   string
	InUser bool
}

// ProxyGreeting is the line that a client of a Proxy is greeted with.
const ProxyGreeting = "220 ftptunnel: name the server with USER name@host[:port]\r\n"

// Line takes a line of the client. It returns the reply that the client gets,
// CRLF included, or nil and the client's choice. If quit is set the client gets
// the reply and is done. What the client sends after its choice is for the
// [Session] with that server.
func (p *Proxy) Line(l Line) (reply ToClient, choice *Choice, quit bool) {
	c := parseCommand(l.Text)
	switch {
	case l.TooLong:
		return replyLine(replyLineTooLong), nil, false
	case c.fromBrowser():
		return replyLine([]byte("421 This is an FTP proxy.")), nil, true
	}
	switch c.verb {
	case "USER":
		return p.user(c.arg)
	case "HOST", "OPEN", "SITE":
		return p.name(c.arg), nil, false
	case "NOOP":
		return replyLine([]byte("200 NOOP ok.")), nil, false
	case "QUIT":
		return replyLine([]byte("221 Goodbye.")), nil, true
	}
	return replyLine([]byte("530 Name the server first: USER name@host[:port]")), nil, false
}

// user takes USER name@host[:port]; the last @ divides them, for a name may be
// a mail address.
func (p *Proxy) user(arg string) (ToClient, *Choice, bool) {
	name, target := strings.TrimSpace(arg), p.named
	if target == "" {
		var ok bool
		if name, target, ok = splitUser(name); !ok {
			return replyLine(replyBadTarget), nil, false
		}
	}
	if target == "" || name == "" {
		return replyLine([]byte("530 Name the server: USER name@host[:port]")), nil, false
	}
	return nil, &Choice{Target: target, User: "USER " + name, InUser: p.named == ""}, false
}

// splitUser divides name@host[:port]; target is empty without an @.
func splitUser(arg string) (name, target string, ok bool) {
	at := strings.LastIndexByte(arg, '@')
	if at < 0 {
		return arg, "", true
	}
	target, ok = parseTarget(arg[at+1:])
	return arg[:at], target, ok
}

// userAgain is a further USER of a client that has named its server in the
// first one, as ncftp sends it after a login that failed. What is meant for
// another server must not reach this one, nor the password that follows it.
func (s *Session) userAgain(c *command) {
	name, target, ok := splitUser(strings.TrimSpace(c.arg))
	if !ok || target != "" && target != s.cfg.UserTarget {
		s.toClient(replyGone("connect again to reach another server"))
		s.close("the client has named another server")
		return
	}
	s.forward(c, []byte("USER "+name))
}

var replyBadTarget = []byte("501 Cannot read this server: host[:port], an IPv6 address in brackets.")

// name takes the argument of HOST, OPEN or SITE.
func (p *Proxy) name(arg string) ToClient {
	t, ok := parseTarget(strings.TrimSpace(arg))
	if !ok {
		return replyLine(replyBadTarget)
	}
	p.named = t
	return replyLine([]byte("220 " + t + " will be connected to on USER."))
}

// parseTarget reads host[:port] or host port, with the port of RFC 959 as the
// default.
func parseTarget(s string) (target string, ok bool) {
	host, port := s, "21"
	if h, p, found := strings.Cut(s, " "); found {
		host, port = h, strings.TrimSpace(p)
	} else if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		host, port = s[:i], s[i+1:]
	}
	if inner, found := strings.CutPrefix(host, "["); found {
		if host, found = strings.CutSuffix(inner, "]"); !found {
			return "", false
		}
	} else if strings.Contains(host, ":") {
		return "", false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || !plausibleHost(host) {
		return "", false
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(n)), true
}

// plausibleHost reports whether a host is made of what names and addresses are.
func plausibleHost(host string) bool {
	for _, r := range host {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`/\@"'[]`, r) {
			return false
		}
	}
	return host != "" && host[0] != '-'
}

func replyLine(text []byte) ToClient { return ToClient(withCRLF(text)) }
