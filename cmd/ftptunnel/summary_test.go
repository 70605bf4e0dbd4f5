//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"ftptunnel/testenv"
)

func TestTotalsWorded(t *testing.T) {
	for want, total := range map[string]totals{
		"0 sessions, 0 files, 0 bytes":                                          {},
		"1 session, 1 file, 1 byte":                                             {sessions: 1, files: 1, bytes: 1},
		"2 sessions, 3 files, 5.0 MB, 1 transfer cut, completed since":          {2, 3, 5_000_000, 1, 0},
		"2 sessions, 3 files, 5.0 MB, 2 transfers cut, 1 not completed since":   {2, 3, 5_000_000, 2, 1},
		"2 sessions, 3 files, 12 bytes, 2 transfers cut, 2 not completed since": {2, 3, 12, 2, 2},
	} {
		if got := total.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// summary returns the fields of the one summary in a log.
func (r *running) summary(t *testing.T) map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(r.log.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if m["event"] == "summary" {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d summaries in:\n%s", len(found), r.log)
	}
	return found[0]
}

// wantSummary holds a summary against its figures.
func wantSummary(t *testing.T, got map[string]any, level string, want totals) {
	t.Helper()
	if got["level"] != level || got["message"] != "in all "+want.String() {
		t.Errorf("%v", got)
	}
	for i, f := 0, want.fields(); i < len(f); i += 2 {
		raw, err := json.Marshal(f[i+1])
		if err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(got[f[i].(string)]); err != nil || string(got) != string(raw) {
			t.Errorf("%s is %s, want %s", f[i], got, raw)
		}
	}
}

// TestSummary counts the files of two sessions, and no listing.
func TestSummary(t *testing.T) {
	s := newScene(t)
	r := start(t, false, s.args()...)
	if _, err := download(r.addr, "PASV", nextFile); err != nil {
		t.Error(err)
	}
	c, err := dialFTP(context.Background(), r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	_, err = c.download("EPRT", "LIST")
	if err := errors.Join(err, c.upload("EPSV", "up/abc", []byte("abc")), c.quit()); err != nil {
		t.Error(err)
	}
	if code := r.end(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	wantSummary(t, r.summary(t), "info", totals{sessions: 2, files: 2, bytes: nextBytes + 3})
}

// TestSummaryCut tells aloud of a download that was cut, and that it was
// completed later.
func TestSummaryCut(t *testing.T) {
	for _, again := range []bool{false, true} {
		s := newScene(t)
		s.ftp.SetFaults(testenv.Faults{Rate: bigRate})
		r := start(t, false, s.args()...)
		done := make(chan error, 1)
		go func() {
			_, err := download(r.addr, "PASV", bigFile)
			done <- err
		}()
		err := s.ftp.Await(until(t), func(c testenv.FTPCounts) bool { return c.Sent > bigBytes/3 })
		s.ssh.Drop()
		if seen := <-done; err != nil || seen == nil {
			t.Errorf("%v; the client sees %v", err, seen)
		}
		want := totals{sessions: 1, cut: 1, missing: 1}
		if again {
			s.ftp.SetFaults(testenv.Faults{})
			if _, err := download(r.addr, "PASV", bigFile); err != nil {
				t.Error(err)
			}
			want = totals{sessions: 2, files: 1, bytes: bigBytes, cut: 1}
		}
		r.end()
		wantSummary(t, r.summary(t), "warning", want)
	}
}

// TestSummaryDocumented holds docs/events.md against the fields.
func TestSummaryDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	_, row, ok := strings.Cut(string(doc), "\n| `summary` |")
	if !ok {
		t.Fatal("docs/events.md lacks the summary")
	}
	row, _, _ = strings.Cut(row, "\n")
	for i, f := 0, (totals{}).fields(); i < len(f); i += 2 {
		if !strings.Contains(row, "`"+f[i].(string)+"`") {
			t.Errorf("docs/events.md lacks the summary's %s", f[i])
		}
	}
}
