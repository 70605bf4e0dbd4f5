//go:build unix

package main_test

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons"
)

// errorsDoc shows what ssh and the program say when a login fails.
const errorsDoc = "../../docs/errors.md"

// failure is a situation in which ssh(1) does not get in.
type failure struct {
	name string
	args []string // options and destination, for both programs
	env  []string
}

// said is what both programs say of a failure.
type said struct {
	name           string
	command        string // options and destination
	ssh, ftptunnel string
}

// TestErrors runs ssh and the program side by side where neither gets in: the
// program ends with 255, one error line and one hint line, as docs/errors.md
// shows them. With FTPTUNNEL_ERRORS=1 it writes that file.
func TestErrors(t *testing.T) {
	ssh := daemons.Find(t, "ssh", "openssh-client")
	w := newWays(t)
	l := newLost(t)
	var all []said
	for _, f := range l.failures() {
		t.Run(f.name, func(t *testing.T) {
			all = append(all, l.compare(t, w, ssh, f))
		})
	}
	text := document(all)
	if os.Getenv("FTPTUNNEL_ERRORS") != "" {
		if err := os.WriteFile(errorsDoc, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	doc, err := os.ReadFile(errorsDoc)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if !strings.Contains(string(doc), s.section()) {
			t.Errorf("docs/errors.md does not show (make errors writes it):\n%s", s.section())
		}
	}
}

// compare runs both programs in one situation.
func (l *lost) compare(t *testing.T, w *ways, ssh string, f failure) said {
	t.Helper()
	theirs := w.run(t, f.env, ssh, append(f.args, "true")...)
	ours := w.run(t, f.env, w.path, append([]string{"--listen", "localhost:0"}, append(f.args, w.ftp.Addr)...)...)
	var lines []string // less what a ProxyCommand has said
	for line := range strings.Lines(ours.stderr) {
		if !strings.HasPrefix(line, "ftptunnel: ProxyCommand: ") {
			lines = append(lines, line)
		}
	}
	if theirs.status != 255 {
		t.Errorf("ssh gets in, or fails otherwise: status %d: %s", theirs.status, theirs.stderr)
	}
	if ours.status != 255 || len(ours.stdout) > 0 || len(lines) != 2 ||
		!strings.HasPrefix(lines[0], "ftptunnel: ") || !strings.HasPrefix(lines[1], "ftptunnel: hint: ") {
		t.Errorf("status %d, on standard output %q, on standard error:\n%s", ours.status, ours.stdout, ours.stderr)
	}
	t.Logf("ssh %s\n%s\n%s", strings.Join(f.args, " "), theirs.stderr, ours.stderr)
	return said{name: f.name, command: l.plain(strings.Join(f.args, " ")), ssh: l.plain(theirs.stderr), ftptunnel: l.plain(ours.stderr)}
}

// section is what the document shows of the program's own words.
func (s said) section() string {
	return fmt.Sprintf("    $ ftptunnel %s\n%s", s.command, indented(s.ftptunnel))
}

func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(text, "\r", "")) {
		b.WriteString("    " + strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

// document is docs/errors.md.
func document(all []said) string {
	var b strings.Builder
	b.WriteString(`# Errors

What ssh and ftptunnel say in the same situation, side by side: OpenSSH's ssh
first, then ftptunnel. Both end with status 255. ftptunnel prints one line for
what is wrong, and one for what can be done about it, as can be typed or sent to
the server's administrator. ` + "`make errors`" + ` writes this page from the output of
both programs; ports, folders and fingerprints are made plain.

<!-- not run on this page: TestErrors runs it all, and writes the page -->
`)
	for _, s := range all {
		fmt.Fprintf(&b, "\n## %s\n\n    $ ssh %s\n%s\n%s", s.name, s.command, indented(s.ssh), s.section())
	}
	return b.String()
}

// lost is what the failures need: servers, keys and files.
type lost struct {
	t        *testing.T
	dir      string
	config   string
	replaces []string // pairs, for what differs from run to run
}

var (
	fingerprint = regexp.MustCompile(`SHA256:[A-Za-z0-9+/]{43}`)
)

// plain replaces what differs from run to run and from machine to machine.
func (l *lost) plain(text string) string {
	me, err := user.Current()
	if err != nil {
		l.t.Fatal(err)
	}
	text = strings.NewReplacer(l.replaces...).Replace(text)
	text = regexp.MustCompile(`\b`+regexp.QuoteMeta(me.Username)+`\b`).ReplaceAllString(text, "me")
	return fingerprint.ReplaceAllString(text, "SHA256:…")
}

// silent is the address of a server that accepts and says nothing.
func silent(t *testing.T) *net.TCPAddr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr)
}

// write writes a file and returns its path.
func (l *lost) write(name, text string, mode os.FileMode) string {
	l.t.Helper()
	path := filepath.Join(l.dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		l.t.Fatal(err)
	}
	return path
}
