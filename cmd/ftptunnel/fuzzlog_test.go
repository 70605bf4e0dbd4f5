package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"

	"ftptunnel/ftpinspect"
	"ftptunnel/tunnel"
)

// FuzzLog: whatever peers say, each line of the log is one, in either form, and
// has nothing in it that acts on a terminal; and nothing that they say ends the
// program. What comes from the wire was redacted before.
func FuzzLog(f *testing.F) {
	for _, said := range []string{"", "CWD x", "550 \x1b]0;owned\x07\x9b31m", "a\nftptunnel: ready", "\xff\u202e\u2028", "%s%!d(", `"{}\`} {
		for format := range byte(2) {
			f.Add(said, "", format<<2)
			f.Add("", said, 1|format<<2)
			f.Add(said, said, 2|format<<2)
		}
	}
	f.Fuzz(func(t *testing.T, came, went string, which byte) {
		format := []string{"text", "json"}[which>>2&1]
		var log bytes.Buffer
		at := forward{bind: "localhost", port: 2121, host: "ftp.example.com", hostPort: 21}
		o := &options{destination: "files", forwards: []forward{at}, verbose: 2, logFormat: format}
		p := &program{options: o, log: newLogger(&log, o)}
		tell := p.observer(at)
		for _, e := range saidEvents(came, went, which) {
			tell(e)
		}
		for line := range strings.Lines(log.String()) {
			line, ok := strings.CutSuffix(line, "\n")
			if whole := json.Valid([]byte(line)); !ok || format == "json" && !whole {
				t.Fatalf("not a line of %s: %q", format, line)
			}
			if format == "text" && !strings.HasPrefix(line, "ftptunnel: ") || strings.ContainsFunc(line, unicode.IsControl) {
				t.Fatalf("%s: %q", format, line)
			}
		}
	})
}

// saidEvents are events that hold what peers have said.
func saidEvents(came, went string, which byte) []tunnel.Event {
	from := []tunnel.Peer{tunnel.Client, tunnel.Server}[which&1]
	events := []tunnel.Event{
		tunnel.Dialogue{Session: 1, From: from, Before: came, After: went},
		tunnel.TransferStarted{Session: 1, Verb: "RETR", Path: came},
		tunnel.TransferEnded{Session: 1, Verb: "RETR", Path: came, Bytes: 1, Code: 226, Reply: went},
		tunnel.TransferEnded{Session: 1, Verb: "STOR", Path: came, Code: 426, Reply: went, Aborted: which&2 != 0},
		tunnel.TransferEnded{Session: 1, Verb: "LIST", Path: came, Err: errors.New(went)},
		tunnel.SessionEnded{Session: 1, Reason: came},
	}
	return append(events, tunnel.Note{Session: 1, Note: ftpinspect.Note{Kind: ftpinspect.NoteKind(which >> 3), Detail: came}})
}
