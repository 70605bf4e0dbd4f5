package main

import (
	"bytes"
	"strings"
	"testing"

	"ftptunnel/ftpinspect"
	"ftptunnel/tunnel"
)

// told returns what notes make the program say by default, in the sessions
// that they come from.
func told(host string, kinds ...ftpinspect.NoteKind) []string {
	var stderr bytes.Buffer
	f := forward{bind: "localhost", port: 2121, host: host, hostPort: 21}
	o := &options{destination: "files", forwards: []forward{f}}
	t := &teller{program: &program{options: o, log: newLogger(&stderr, o)}, forward: f}
	for i, k := range kinds {
		t.note(tunnel.Note{Session: uint64(i + 1), Note: ftpinspect.Note{Kind: k, Detail: "TLS"}})
	}
	return strings.Split(strings.TrimSuffix(stderr.String(), "\n"), "\n")
}

// What becomes of AUTH is said once for a target, and honestly: nothing where
// SSH encrypts all the way, which leg is in clear where it does not.
func TestNotesAboutTLS(t *testing.T) {
	for _, c := range []struct {
		host string
		kind ftpinspect.NoteKind
		want string // the line without the prefix, "" for none
		hint string
	}{
		{"localhost", ftpinspect.NoteTLSRefused, "", ""},
		{"127.0.0.2", ftpinspect.NoteTLSRefused, "", ""},
		{"::1", ftpinspect.NoteTLSRefused, "", ""},
		{"ftp.internal", ftpinspect.NoteTLSRefused,
			"[1] AUTH refused: passwords and data travel in clear from files to ftp.internal:21", "--tls"},
		{"10.0.0.7", ftpinspect.NoteTLSRefused,
			"[1] AUTH refused: passwords and data travel in clear from files to 10.0.0.7:21", "--tls"},
		{"localhost", ftpinspect.NoteTLSPassed,
			"[1] localhost:21 has accepted AUTH: the session is in TLS and cannot be read, its data connections are no longer handled", "listings"},
	} {
		lines := told(c.host, c.kind, c.kind)
		if c.want == "" {
			if lines[0] != "" {
				t.Errorf("%s: %q", c.host, lines)
			}
			continue
		}
		if len(lines) != 2 || lines[0] != "ftptunnel: "+c.want ||
			!strings.HasPrefix(lines[1], "ftptunnel: hint: ") || !strings.Contains(lines[1], c.hint) {
			t.Errorf("%s: %q", c.host, lines)
		}
	}
}

// A server mode that cannot work with a target on a third host says so, and
// what does.
func TestNoteOfNoActiveMode(t *testing.T) {
	lines := told("ftp.internal", ftpinspect.NoteNoActive)
	if len(lines) != 2 || !strings.Contains(lines[0], "active mode does not work with ftp.internal:21") ||
		!strings.Contains(lines[1], "hint: --server-mode auto ") || !strings.Contains(lines[1], "--active-address") {
		t.Errorf("%q", lines)
	}
}
