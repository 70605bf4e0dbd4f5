package ftpinspect

import (
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
