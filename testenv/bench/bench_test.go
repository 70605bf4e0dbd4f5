//go:build linux

package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   spread
	}{
		{nil, spread{}},
		{[]float64{3}, spread{3, 3, 3}},
		{[]float64{9, 1, 5}, spread{5, 1, 9}},
		{[]float64{4, 1, 9, 2}, spread{3, 1, 9}},
	} {
		if got := spreadOf(test.values); got != test.want {
			t.Errorf("%v: %v, not %v", test.values, got, test.want)
		}
	}
}

func TestJain(t *testing.T) {
	second := func(bytes int64) transfer {
		return transfer{bytes, time.Unix(0, 0), time.Unix(1, 0)}
	}
	for _, test := range []struct {
		all  []transfer
		want float64
	}{
		{[]transfer{second(5), second(5), second(5), second(5)}, 1},
		{[]transfer{second(8), second(0), second(0), second(0)}, 0.25},
	} {
		if got := jain(test.all); got != test.want {
			t.Errorf("%v: %v, not %v", test.all, got, test.want)
		}
	}
}

// sample is a small result: ftptunnel downloads at half of direct FTP's rate,
// in runs that differ, and uploads at all.
func sample() *results {
	r := newResults()
	for _, v := range []float64{100, 200, 50} {
		r.add(key{"get", "50ms", direct}, megabytes, measured{value: v})
		r.add(key{"get", "50ms", ftptunnel}, megabytes, measured{v / 2, 1.5, 10 << 20})
		r.add(key{"get", loopback, ftptunnel}, megabytes, measured{v, 1.2, 10 << 20})
		r.add(key{"get", loopback, sshL}, megabytes, measured{v, 1, 10 << 20})
	}
	r.add(key{"small files, curl PASV", "100ms", direct}, filesASecond, measured{value: 2})
	r.add(key{"small files, curl PASV", "100ms", ftptunnel}, filesASecond, measured{value: 4})
	return r
}

// Each run is compared with the one beside it, and what was not measured has
// no verdict.
func TestJudge(t *testing.T) {
	got := map[string]string{}
	for _, v := range judge(options{}, sample()) {
		met := "short"
		if v.met() {
			met = "met"
		}
		got[v.what] = v.spread.String() + " " + met
	}
	want := map[string]string{
		"get, 50ms: ftptunnel to direct FTP":                        "0.50 (0.50 to 0.50) short",
		"get, loopback: ftptunnel to ssh -L":                        "1.00 (1.00 to 1.00) met",
		"get, loopback: processor time per GB, ftptunnel to ssh -L": "1.20 (1.20 to 1.20) met",
		"small files, curl PASV, 100ms: ftptunnel to direct FTP":    "2.00 (2.00 to 2.00) met",
	}
	for what, verdict := range want {
		if got[what] != verdict {
			t.Errorf("%s: %q, not %q", what, got[what], verdict)
		}
	}
	if len(got) != len(want) {
		t.Errorf("verdicts on %v", got)
	}
}

// The plot is XML, and the same for the same results.
func TestPlot(t *testing.T) {
	plot := drawPlot(sample())
	for d := xml.NewDecoder(bytes.NewReader(plot)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(plot, drawPlot(sample())) {
		t.Error("drawn again it is another")
	}
	if n := bytes.Count(plot, []byte("<title>")); n != 6 {
		t.Errorf("%d dots", n)
	}
	if bytes.Contains(plot, []byte("NaN")) || bytes.Contains(plot, []byte("Inf")) {
		t.Error("it has a number that is none")
	}
}

// A line of the benchmark format is name, iterations, and pairs of value and
// unit.
func TestBenchfmt(t *testing.T) {
	var b bytes.Buffer
	writeBenchfmt(&b, []fact{{"go", "go1"}}, sample())
	lines := 0
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "Benchmark") {
			continue
		}
		lines++
		if n := len(strings.Fields(line)); n%2 != 0 {
			t.Errorf("%d fields: %s", n, line)
		}
	}
	if lines != 14 {
		t.Errorf("%d lines of 14 runs", lines)
	}
}

func TestReplaceSection(t *testing.T) {
	name := filepath.Join(t.TempDir(), "page.md")
	page := "before\n" + sectionBegin + "old\n" + sectionEnd + "after\n"
	if err := os.WriteFile(name, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := replaceSection(name, []byte("new\n")); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if want := "before\n" + sectionBegin + "\nnew\n\n" + sectionEnd + "after\n"; string(got) != want {
		t.Errorf("%q", got)
	}
	if err := os.WriteFile(name, []byte("no marks\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replaceSection(name, nil); err == nil {
		t.Error("a page without marks was rewritten")
	}
}

// Every case is chosen by its name, and by default on the links that matter.
func TestChoice(t *testing.T) {
	for _, c := range cases {
		if got := c.links(options{}); len(got) == 0 {
			t.Errorf("%s: no links", c.name)
		}
		if got := c.links(options{cases: c.name, links: "10ms,loopback"}); len(got) != 2 {
			t.Errorf("%s: links %v", c.name, got)
		}
		if got := c.links(options{cases: "other"}); got != nil {
			t.Errorf("%s: links %v of another case", c.name, got)
		}
	}
	if got := chosenLinks(options{}); len(got) != 5 {
		t.Errorf("links %v", got)
	}
}
