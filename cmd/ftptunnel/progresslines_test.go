package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"ftptunnel/ftpinspect"
	"ftptunnel/tunnel"

	"github.com/mattn/go-runewidth"
)

// terminalOf is a terminal of some size.
type terminalOf struct{ columns, lines int }

func (t terminalOf) size() (columns, lines int) { return t.columns, t.lines }

// halfway is a meter that has been read twice, a second apart: it began two
// seconds ago and was half as far a second ago.
func halfway(verb, path string, bytes, size int64, now time.Time) *meter {
	r := tunnel.Running{Verb: verb, Path: path, Size: size, Bytes: bytes / 2, Began: now.Add(-2 * time.Second)}
	if verb == "STOR" || verb == "STOU" {
		r.Direction = ftpinspect.Upload
	}
	m := newMeter(r)
	m.read(r, now.Add(-time.Second))
	r.Bytes = bytes
	m.read(r, now)
	return m
}

// TestProgressLines has a line of every kind in terminals of every width.
func TestProgressLines(t *testing.T) {
	now := time.Now()
	all := []*meter{
		halfway("RETR", "pub/debian-12.iso", 12_300_000, 512_000_000, now),
		halfway("STOR", "a-name-that-is-somewhat-longer.tar.gz", 4_000, 0, now),
		halfway("MLSD", "", 100, 0, now),
		halfway("RETR", "\x1b[31mred\r\n", 1_000_000, 1_000_000, now),
		halfway("STOU", "", 0, 10_000, now),
		halfway("RETR", "told-too-little", 20, 10, now),
	}
	for columns, want := range map[int][]string{
		80: {
			"get pub/debian-12.iso        12.3 MB of 512.0 MB    2%    6.2 MB/s    1:21 left",
			"put a-name-tha...er.tar.gz    4.0 kB                      2.0 kB/s             ",
			"ls  .                          100 B                        50 B/s             ",
			`get \x1b[31mred\r\n           1.0 MB of 1.0 MB    100%  500.0 kB/s    0:00 left`,
			"put a new file                   0 B of 10.0 kB     0%       0 B/s             ",
			"get told-too-little             20 B                        10 B/s             ",
		},
		60: {
			"get pub/debian-12.iso     12.3 MB    2%    6.2 MB/s    1:21",
			"put a-name-t...r.tar.gz    4.0 kB          2.0 kB/s        ",
		},
		40: {
			"get debia....iso   2%   6.2 MB/s   1:21",
			"put a-na...r.gz       4.0 kB   2.0 kB/s",
		},
		20: {
			"get debi...iso   2%",
			"put a-...z   4.0 kB",
		},
	} {
		got := layOut(all, now, terminalOf{columns, 24})
		for i, line := range want {
			if got[i] != line {
				t.Errorf("%d columns:\n%q, want\n%q", columns, got[i], line)
			}
		}
	}
	if got := layOut(all, now, terminalOf{leastWidth, 24}); got != nil {
		t.Errorf("%d columns: %q", leastWidth, got)
	}
}

// TestProgressFits: no line is wider than its terminal or has what moves a
// cursor, whatever the names.
func TestProgressFits(t *testing.T) {
	now := time.Now()
	letters := []rune("ab/.–é漢字🙂👩‍🚀e\u0301\u202e\x1b\r\n\t\x00\u200b")
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var name strings.Builder
		for range r.IntN(60) {
			name.WriteRune(letters[r.IntN(len(letters))])
		}
		m := halfway("RETR", name.String()+"\xff", r.Int64N(1<<r.IntN(62)+1), r.Int64N(1<<r.IntN(62)+1), now)
		columns := leastWidth + 1 + r.IntN(100)
		for _, line := range layOut([]*meter{m}, now, terminalOf{columns, 2}) {
			if w := runewidth.StringWidth(line); w >= columns || escape(line) != line {
				t.Fatalf("%d columns: %d in %q", columns, w, line)
			}
		}
	}
}

// TestProgressMany: some have lines, the others are counted.
func TestProgressMany(t *testing.T) {
	now := time.Now()
	var all []*meter
	for i := range 25 {
		all = append(all, halfway("RETR", fmt.Sprint("f", i), 2000, 0, now))
	}
	for _, c := range []struct{ transfers, height, lines int }{
		{8, 24, 8}, {9, 24, 8}, {25, 24, 8}, {25, 10, 5}, {25, 2, 1}, {25, 1, 1}, {1, 1, 1},
	} {
		got := layOut(all[:c.transfers], now, terminalOf{80, c.height})
		if len(got) != c.lines {
			t.Errorf("%+v: %q", c, got)
			continue
		}
		want := fmt.Sprintf("and %d more, %d.0 kB/s in all", c.transfers-c.lines+1, c.transfers)
		if last := got[len(got)-1]; c.transfers > c.lines && last != want {
			t.Errorf("%+v: %q, want %q", c, last, want)
		}
	}
}

// TestProgressDue: what is over soon is never shown.
func TestProgressDue(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		verb string
		ran  time.Duration
		want bool
	}{
		{"RETR", progressAfter - 1, false}, {"RETR", progressAfter, true},
		{"LIST", progressAfter, false}, {"LIST", listingAfter, true},
	} {
		m := newMeter(tunnel.Running{Began: now.Add(-c.ran)})
		m.read(tunnel.Running{Verb: c.verb, Began: now.Add(-c.ran)}, now)
		if got := layOut([]*meter{m}, now, terminalOf{80, 24}); (len(got) > 0) != c.want {
			t.Errorf("%s after %v: %q", c.verb, c.ran, got)
		}
	}
}

// TestMeter follows a transfer that runs, stops and goes on.
func TestMeter(t *testing.T) {
	began := time.Now()
	r := tunnel.Running{Size: 100_000, Began: began}
	m := newMeter(r)
	at := func(seconds float64, bytes int64) string {
		r.Bytes = bytes
		m.read(r, began.Add(time.Duration(seconds*float64(time.Second))))
		left, ok := m.left()
		return fmt.Sprintf("%.0f %v %v %v", m.rate(), m.stalled(), left.Round(time.Second), ok)
	}
	for _, c := range []struct {
		seconds float64
		bytes   int64
		want    string
	}{
		{0, 0, "0 false 0s false"},
		{1, 1000, "1000 false 1m39s true"},
		{2, 2000, "1000 false 1m38s true"},
		{5, 5000, "1000 false 1m35s true"},
		{6, 15000, "2800 false 30s true"}, // since 1 s
		{10, 15000, "2000 false 43s true"},
		{11, 15000, "0 true 0s false"},
		{12, 15000, "0 true 0s false"},
		{13, 16000, "143 false 9m48s true"},
		{18, 100_000, "16800 false 0s true"},
	} {
		if got := at(c.seconds, c.bytes); got != c.want {
			t.Errorf("%v s, %d bytes: %s, want %s", c.seconds, c.bytes, got, c.want)
		}
	}
	if r.Size = 99_999; m.total() != 100_000 {
		t.Errorf("total %d", m.total())
	}
	m.read(r, began.Add(19*time.Second))
	if _, ok := m.left(); ok || m.total() != 0 {
		t.Errorf("more than was told, and total %d", m.total())
	}
}

func TestProgressUnits(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 1 << 40: "1.1 TB", 999_949_999: "999.9 MB",
	} {
		if got := amount(n); got != want {
			t.Errorf("amount(%d) = %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0:00", 59*time.Minute + 59*time.Second: "59:59", 59*time.Minute + 59600*time.Millisecond: "1h00m",
		longestLeft - time.Minute: "99h59m",
	} {
		if got := clock(d); got != want {
			t.Errorf("clock(%v) = %q, want %q", d, got, want)
		}
	}
}
