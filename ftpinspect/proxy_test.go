package ftpinspect

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestProxy(t *testing.T) {
	for _, c := range []struct {
		lines  string // the client's, in order
		target string // of the choice; empty if there is none
		user   string
		code   string // of the last reply otherwise
	}{
		{"USER bob@files", "files:21", "USER bob", ""},
		{"user bob@files:2121", "files:2121", "USER bob", ""},
		{"USER anonymous@example.com@files", "files:21", "USER anonymous@example.com", ""},
		{"USER bob@[::1]:2121", "[::1]:2121", "USER bob", ""},
		{"USER bob@[fe80::1]", "[fe80::1]:21", "USER bob", ""},
		{"HOST files|USER bob", "files:21", "USER bob", ""},
		{"OPEN files:2121|USER bob@example.com", "files:2121", "USER bob@example.com", ""},
		{"SITE files 2121|USER bob", "files:2121", "USER bob", ""},
		{"USER bob", "", "", "530"},
		{"USER @files", "", "", "530"},
		{"USER bob@", "", "", "501"},
		{"USER bob@::1", "", "", "501"},
		{"USER bob@files:0", "", "", "501"},
		{"USER bob@files:99999", "", "", "501"},
		{"USER bob@[::1", "", "", "501"},
		{"USER bob@-oProxyCommand=x", "", "", "501"},
		{"OPEN a b c", "", "", "501"},
		{"FEAT", "", "", "530"},
		{"PASV", "", "", "530"},
		{"NOOP", "", "", "200"},
		{"QUIT", "", "", "221"},
		{"GET / HTTP/1.1", "", "", "421"},
	} {
		var p Proxy
		var reply ToClient
		var choice *Choice
		for l := range strings.SplitSeq(c.lines, "|") {
			reply, choice, _ = p.Line(Line{Text: []byte(l)})
		}
		switch {
		case c.target != "" && (choice == nil || choice.Target != c.target || choice.User != c.user):
			t.Errorf("%s: %v %q", c.lines, choice, reply)
		case c.target == "" && (choice != nil || !strings.HasPrefix(string(reply), c.code) || !strings.HasSuffix(string(reply), "\r\n")):
			t.Errorf("%s: %v %q", c.lines, choice, reply)
		}
	}
}

// written is what the effects write: "c:" to the client, "s:" to the server.
func written(effects []Effect) string {
	var b strings.Builder
	for _, e := range effects {
		switch e := e.(type) {
		case ToClient:
			fmt.Fprintf(&b, "c:%s|", strings.TrimSuffix(string(e), "\r\n"))
		case ToServer:
			fmt.Fprintf(&b, "s:%s|", strings.TrimSuffix(string(e), "\r\n"))
		case Close:
			b.WriteString("close|")
		}
	}
	return strings.TrimSuffix(b.String(), "|")
}

// A server that was named by USER is greeted for the client, and gets that
// USER. A later one is freed of the server's name, and never reaches it when
// it is for another.
func TestProxiedSession(t *testing.T) {
	for _, c := range []struct{ target, again, want string }{
		{"files:21", "USER eve", "s:USER eve"},
		{"files:21", "USER eve@files", "s:USER eve"},
		{"files:21", "user a@b.example@files:21", "s:USER a@b.example"},
		{"files:21", "USER eve@others", "c:421 Service not available: connect again to reach another server.|close"},
		{"files:21", "USER eve@files:2121", "c:421 Service not available: connect again to reach another server.|close"},
		{"", "USER eve@others", "s:USER eve@others"}, // named by OPEN
	} {
		s := New(Config{Local: netip.MustParseAddr("127.0.0.1"), User: "USER bob", UserTarget: c.target})
		if got := written(server(s, "220-hello")) + written(server(s, "220 ready")); got != "s:USER bob" {
			t.Errorf("after the greeting: %q", got)
		}
		if got := written(server(s, "530 no")); got != "c:530 no" {
			t.Errorf("answer to USER: %q", got)
		}
		if got := written(client(s, c.again)); got != c.want {
			t.Errorf("%s: %q, want %q", c.again, got, c.want)
		}
	}
}

// Where the client was accepted on an address that nobody knows, or on all of
// them, a 227 cannot be written, and a 229 needs none.
func TestUnknownLocalAddress(t *testing.T) {
	for _, local := range []netip.Addr{{}, netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		s := newGreeted(Config{Local: local, Peer: netip.MustParseAddr("10.0.0.1")})
		got := written(client(s, "PASV"))
		if !strings.HasPrefix(got, "c:425 ") || !strings.Contains(got, "EPSV") {
			t.Errorf("%v, PASV: %q", local, got)
		}
		if got := written(client(s, "EPSV 2")); !strings.HasPrefix(got, "c:522 ") {
			t.Errorf("%v, EPSV 2: %q", local, got)
		}
		if got := written(client(s, "EPSV 1")); got != "s:EPSV" {
			t.Errorf("%v, EPSV 1: %q", local, got)
		}
	}
}
