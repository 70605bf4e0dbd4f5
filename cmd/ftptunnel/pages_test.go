package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readPages returns the pages that promise commands.
func readPages(t *testing.T) []*page {
	t.Helper()
	names, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var pages []*page
	for _, name := range append(names, "../../README.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, parsePage(strings.TrimPrefix(name, "../../"), string(text)))
	}
	if len(pages) < 10 {
		t.Errorf("only %d pages", len(pages))
	}
	return pages
}

// TestPagesMarked checks that every block of every page is run by TestPages or
// says why not.
func TestPagesMarked(t *testing.T) {
	steps, tests := 0, ownTests(t)
	for _, p := range readPages(t) {
		for _, problem := range p.problems {
			t.Error(problem)
		}
		steps += len(p.commands())
		screens := slices.ContainsFunc(p.blocks, func(b *block) bool { return b.has("screen") })
		if held := fmt.Sprintf("holdPage(t, %q", filepath.Base(p.name)); screens && !strings.Contains(tests, held) {
			t.Errorf("%s: has screens, and no test holds it", p.name)
		}
	}
	if steps < 20 {
		t.Errorf("only %d commands are run", steps)
	}
}

// ownTests is the source of the tests in this folder.
func ownTests(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// TestPageProblems checks that no block slips through.
func TestPageProblems(t *testing.T) {
	for _, c := range []struct{ text, problem string }{
		{"    $ curl {url}\n", ""},
		{"    gate$ curl x\n", ""},
		{"    a drawing\n", ""},
		{"    ftptunnel [options] destination\n", ""},
		{"words\n    $ not a block\n", ""},
		{"<!-- not run: needs Windows -->\n\n    ftp -A x\n", ""},
		{"<!-- not run on this page: why -->\n\n    curl x\n", ""},
		{"<!-- file: a.py -->\n```python\nprint()\n```\n", ""},
		{"<!-- crontab -->\n\n    0 3 * * *  true\n", ""},
		{"```sh\ncurl x\n```\n", ""},
		{"    curl x\n", "p:1: a command without a prompt, and no mark: curl x"},
		{"    0 3 * * *  true\n", "p:1: a command without a prompt, and no mark: 0 3 * * *  true"},
		{"    C:\\> x\n", "p:1: a command without a prompt, and no mark: C:\\> x"},
		{"```\nssh x\n```\n", "p:2: a command without a prompt, and no mark: ssh x"},
		{"```python\nprint()\n```\n", "p:2: a block of python that is neither marked as a file nor as not run"},
		{"<!-- not run: -->\n\n    $ x\n", "p:1: no such mark, or one without its value: <!-- not run: -->"},
		{"<!-- not run -->\n\n    $ x\n", "p:1: no such mark, or one without its value: <!-- not run -->"},
		{"<!-- crontab: y -->\n\n    0 3 * * *  x\n", "p:1: no such mark, or one without its value: <!-- crontab: y -->"},
		{"<!-- notrun: y -->\n\n    $ x\n", "p:1: no such mark, or one without its value: <!-- notrun: y -->"},
		{"<!-- Not run: y -->\n\n    $ x\n", "p:1: a comment that is no mark: <!-- Not run: y -->"},
		{"<!-- status: x -->\n\n    $ x\n", "p:3: a status that is no number: x"},
		{"<!-- crontab -->\n\n    true\n", "p:3: no line of a crontab: true"},
		{"<!-- not run: y -->\n\nwords\n\n    $ x\n", "p:1: a mark, and no block under it"},
		{"<!-- file: a -->\n\n    a\n\n    $ b\n", "p:3: a file with a prompt in it: it needs words between it and the next block"},
		{"<!-- not run: y -->\n", "p:1: a mark, and no block under it"},
	} {
		if got := strings.Join(parsePage("p", c.text).problems, "; "); got != c.problem {
			t.Errorf("%q: %q, want %q", c.text, got, c.problem)
		}
	}
}

func TestShowsAll(t *testing.T) {
	const printed = "220 ready\n-rw-r--r-- 1 0 0   6 Nov 20 11:13 list.txt\nby SHA256:abc in under 1 ms\n"
	for _, c := range []struct {
		shown []string
		ok    bool
	}{
		{nil, true},
		{[]string{"220 ready", "by SHA256:… in 20.5 ms"}, true},
		{[]string{"-rw-r--r-- 1 0 0 77 May 1 09:00 list.txt", "^C"}, true},
		{[]string{"by SHA256:… in 20 ms", "220 ready"}, false},
		{[]string{"220 ready", "220 ready"}, false},
		{[]string{"220"}, false},
	} {
		if err := showsAll(c.shown, printed); (err == nil) != c.ok {
			t.Errorf("%q: %v", c.shown, err)
		}
	}
}

var (
	linkPattern    = regexp.MustCompile(`\]\(([^) ]+)\)`)
	headingPattern = regexp.MustCompile(`(?m)^#+ +(.*)$`)
)

// TestLinks checks that relative links lead to files and headings that are
// there.
func TestLinks(t *testing.T) {
	names, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	top, err := filepath.Glob("../../*.md")
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for _, name := range append(names, top...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range linkPattern.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			if why := broken(name, m[1]); why != "" {
				t.Errorf("%s: %s: %s", strings.TrimPrefix(name, "../../"), m[1], why)
			}
		}
	}
	if links < 40 {
		t.Errorf("only %d links found", links)
	}
}

// broken says what is wrong with a relative link of a page.
func broken(page, link string) string {
	path, anchor, anchored := strings.Cut(link, "#")
	target := page
	if path != "" {
		target = filepath.Join(filepath.Dir(page), path)
	}
	if _, err := os.Stat(target); err != nil {
		return "no such file"
	}
	if !anchored {
		return ""
	}
	text, err := os.ReadFile(target)
	if err != nil {
		return err.Error()
	}
	for _, m := range headingPattern.FindAllStringSubmatch(string(text), -1) {
		if anchorOf(m[1]) == anchor {
			return ""
		}
	}
	return "no such heading"
}

// anchorOf is how forges name a heading.
func anchorOf(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-', r == '_', r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		}
	}
	return b.String()
}
