package testenv

import (
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
)

// TestDialogue is each command that needs no data connection.
func TestDialogue(t *testing.T) {
	s := startFTP(t, FTPOptions{Users: map[string]string{"u": "p"}})
	s.Tree().Put("/d/f", []byte("1234567"))
	c := connect(t, s.Addr())
	c.expect(220)
	said := map[string]bool{}
	for _, step := range []struct {
		code int
		line string
	}{
		{530, "PWD"}, {530, "LIST"}, {503, "PASS p"}, {331, "USER u"}, {530, "PASS no"},
		{220, "HOST box"}, {502, "AUTH TLS"}, {503, "PBSZ 0"}, {503, "PROT P"}, {211, "FEAT"},
		{331, "USER u"}, {230, "PASS p"}, {202, "ACCT x"}, {503, "HOST box"},
		{215, "SYST"}, {200, "NOOP"}, {200, "noop"}, {500, "XYZ"}, {200, "CLNT me"}, {214, "HELP"},
		{200, "OPTS UTF8 ON"}, {200, "OPTS MLST size;"}, {501, "OPTS X"}, {202, "ALLO 5"}, {225, "ABOR"},
		{200, "TYPE A"}, {550, "SIZE d/f"}, {200, "TYPE I"}, {504, "TYPE E"}, {200, "MODE S"}, {504, "MODE B"},
		{200, "STRU F"}, {504, "STRU R"}, {350, "REST 3"}, {501, "REST x"},
		{257, "PWD"}, {250, "CWD d"}, {550, "CWD f"}, {213, "SIZE f"}, {213, "MDTM f"},
		{213, "MFMT 20200102030405 f"}, {501, "MFMT x f"}, {250, "MLST f"}, {550, "MLST g"},
		{213, "STAT f"}, {213, "STAT"}, {250, "CDUP"}, {257, "MKD e"}, {550, "MKD e"}, {250, "RMD e"}, {550, "RMD d"},
		{350, "RNFR d/f"}, {250, "RNTO d/g"}, {503, "RNTO d/h"}, {550, "RNFR d/f"}, {250, "DELE d/g"}, {550, "DELE d/g"},
		{200, "SITE CHMOD 644 f"}, {500, "SITE X"}, {257, "XPWD"}, {522, "EPSV 2"}, {229, "EPSV 1"}, {200, "EPSV ALL"},
		{550, "PASV"}, {550, "PORT 127,0,0,1,200,1"}, {550, "EPRT |1|127.0.0.1|2000|"}, {229, "EPSV"}, {500, strings.Repeat("x", 5000)},
		{220, "REIN"}, {530, "PWD"}, {221, "QUIT"},
	} {
		want := step.code
		if step.line == "STAT" {
			want = 211
		}
		c.cmd(want, step.line)
		verb, _ := splitCommand(step.line)
		said[verb] = true
	}
	for verb := range maps.Keys(ftpCommands) {
		if !said[verb] && !ftpCommands[verb].transfer {
			t.Errorf("%s was not tried", verb)
		}
	}
}

// TestTransfers is each command with a data connection.
func TestTransfers(t *testing.T) {
	s := startFTP(t, FTPOptions{})
	s.Tree().Put("/d/f", []byte("one\ntwo\n"))
	s.Tree().Put("/d/g\r\nh", nil)
	c := loggedIn(t, s)
	get := func(line string, before ...string) string {
		t.Helper()
		d := c.epsv()
		for _, b := range before {
			c.cmd(3, b)
		}
		c.cmd(150, line)
		got, err := io.ReadAll(d)
		if err != nil {
			t.Fatal(err)
		}
		c.expect(226)
		return string(got)
	}
	put := func(line, data string, before ...string) {
		t.Helper()
		d := c.epsv()
		for _, b := range before {
			c.cmd(3, b)
		}
		c.cmd(150, line)
		io.WriteString(d, data)
		d.Close()
		c.expect(226)
	}
	for line, want := range map[string]string{
		"NLST d": "f\r\ng??h\r\n", "NLST d/f": "d/f\r\n", "NLST d/*f": "d/f\r\n", "RETR d/f": "one\ntwo\n",
	} {
		if got := get(line); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
	if got := get("RETR d/f", "REST 4"); got != "two\n" {
		t.Errorf("from 4: %q", got)
	}
	if got := get("LIST -la d"); !strings.HasPrefix(got, "-rw-r--r--    1 ftp      ftp                 8 ") || strings.Count(got, "\r\n") != 2 {
		t.Errorf("LIST: %q", got)
	}
	if got := get("MLSD d"); !strings.HasPrefix(got, "type=file;size=8;modify=") {
		t.Errorf("MLSD: %q", got)
	}
	put("APPE d/f", "three\n")
	put("STOR d/f", "TWO\n", "REST 4")
	if got, _ := s.Tree().Get("d/f"); string(got) != "one\nTWO\n" {
		t.Errorf("stored %q", got)
	}
	put("STOU", "a")
	put("STOU", "b")
	c.cmd(200, "TYPE A")
	put("STOR lines", "x\r\ny\r\n\r")
	if got := get("RETR lines"); got != "x\r\ny\r\n\r" {
		t.Errorf("in ASCII: %q", got)
	}
	want := []string{"/d/f", "/d/g\r\nh", "/ftp", "/ftp.1", "/lines"}
	if got := s.Tree().Names(); !slices.Equal(got, want) {
		t.Errorf("names %q", got)
	}
	s.SetFaults(Faults{RawNames: true})
	if got := get("NLST d"); got != "f\r\ng\r\nh\r\n" {
		t.Errorf("raw names: %q", got)
	}
}

func TestSyntheticAndSinks(t *testing.T) {
	s := startFTP(t, FTPOptions{Addr: "localhost:0"})
	tree := s.Tree()
	tree.PutSynthetic("big", 1<<20+5, 7)
	tree.Sink("/hashed", true)
	tree.Sink("/counted", false)
	c := loggedIn(t, s)
	d := c.pasv()
	c.cmd(150, "RETR big")
	got, _ := io.ReadAll(d)
	c.expect(226)
	tree.Put("copy", got)
	if tree.SHA256("copy") != tree.SHA256("big") || len(got) != 1<<20+5 {
		t.Errorf("%d bytes", len(got))
	}
	d = c.pasv()
	c.cmd(350, "REST 65530")
	c.cmd(150, "RETR big")
	if tail, _ := io.ReadAll(d); string(tail) != string(got[65530:]) {
		t.Error("a part of it differs from the whole")
	}
	c.expect(226)
	for _, name := range []string{"/hashed/f", "/counted/f"} {
		d := c.pasv()
		c.cmd(150, "STOR "+name)
		d.Write(got)
		d.Close()
		c.expect(226)
		if tree.Size(name) != int64(len(got)) {
			t.Errorf("%s: %d bytes", name, tree.Size(name))
		}
	}
	if tree.SHA256("/hashed/f") != tree.SHA256("big") || tree.SHA256("/counted/f") != "" {
		t.Error("hashes of sinks")
	}
	if six, err := net.Dial("tcp", net.JoinHostPort("::1", portOf(s.Addr()))); err != nil {
		t.Error(err)
	} else {
		six.Close()
	}
}
