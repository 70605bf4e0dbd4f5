package ftpinspect

import (
	"strings"
	"testing"
)

// TestDirectory follows a client, line by line: each is answered as it says.
func TestDirectory(t *testing.T) {
	s := newGreeted(Config{})
	for _, c := range []struct{ line, reply, want string }{
		{"CWD pub", "250 ok", "pub"},
		{"CWD a b/", "250 ok", "pub/a b"},
		{"CWD gone", "550 no", "pub/a b"},
		{"CDUP", "200 ok", "pub"},
		{"CDUP", "250 ok", ""},
		{"XCUP", "250 ok", ".."},
		{"CWD x", "250 ok", "../x"},
		{"PWD", `257 "/srv/x" is current`, "/srv/x"},
		{"cwd ..", "250 ok", "/srv"},
		{"XCWD ../..", "250 ok", "/"},
		{"CWD pub", "250 ok", "/pub"},
		{"XPWD", `257 "/with ""quotes"""`, `/with "quotes"`},
		{"PWD", "257 no quotes", `/with "quotes"`},
		{"PWD", `257 "never ends`, `/with "quotes"`},
		{"PWD", `257 ""`, `/with "quotes"`},
		{"MKD new", `257 "/other" made`, `/with "quotes"`},
		{"CWD /" + strings.Repeat("x", 3000), "250 ok", "/" + strings.Repeat("x", 3000)},
		{"CWD " + strings.Repeat("y", 3000), "250 ok", ""},
		{"CWD ~me", "250 ok", "~me"},
		{"USER other", "230 in", ""},
	} {
		client(s, c.line)
		server(s, c.reply)
		if s.directory != c.want {
			t.Errorf("%s, %s: %.50q, want %.50q", c.line, c.reply, s.directory, c.want)
		}
	}
}

// TestTransferDirectory: a transfer is in the folder that the commands before
// it have led to, though they were answered after it was sent.
func TestTransferDirectory(t *testing.T) {
	s := newGreeted(Config{})
	for _, line := range []string{"CWD pub", "RETR f", "CWD other"} {
		client(s, line)
	}
	server(s, "250 ok")
	var begun, completed Transfer
	for _, reply := range []string{"150 here", "426 cut", "250 ok"} {
		for _, e := range server(s, reply) {
			switch e := e.(type) {
			case Begin:
				begun = e.Transfer
			case Complete:
				completed = e.Transfer
			}
		}
	}
	if want := (Transfer{Verb: "RETR", Path: "f", Directory: "pub"}); begun != want || completed != want {
		t.Errorf("begun %+v, completed %+v, want %+v", begun, completed, want)
	}
}
