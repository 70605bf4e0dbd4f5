//go:build unix

package main_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the screens of the pages under docs that the tests produce")

// screenPattern finds a screen on a page: its name in a comment, which readers
// do not see, and the indented lines below it.
var screenPattern = regexp.MustCompile(`(?m)^<!-- screen: (\S+) -->\n\n((?:    .*\n|\n)+)`)

// holdPage holds the screens of a page under docs against those that the
// program has just produced, or with -update writes these. What differs with
// each run does not count.
func holdPage(t *testing.T, page string, screens map[string]string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", page)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	renewed := screenPattern.ReplaceAllStringFunc(string(text), func(block string) string {
		m := screenPattern.FindStringSubmatch(block)
		name, has := m[1], strings.TrimRight(m[2], "\n")+"\n"
		want, ok := screens[name]
		if found[name] = true; !ok {
			t.Errorf("%s has a screen %s that nothing produces", page, name)
			return block
		}
		want = asBlock(want)
		if blurred(has) != blurred(want) && !*update {
			t.Errorf("%s shows as %s\n%s\nbut the program shows (make screens writes it)\n%s", page, name, has, want)
		}
		return "<!-- screen: " + name + " -->\n\n" + want + "\n"
	})
	for name := range screens {
		if !found[name] {
			t.Errorf("%s has no screen %s", page, name)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.TrimRight(renewed, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// asBlock makes a block of a page.
func asBlock(screen string) string {
	var b strings.Builder
	for line := range strings.Lines(screen) {
		line = strings.TrimRight(line, " \n")
		if line != "" {
			line = "    " + line
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// What differs from run to run and from machine to machine: fingerprints,
// figures and the room that they take, the system's own ssh_config and sshd,
// and whether a process that was killed had read everything: if not, its kernel
// resets the connection.
var (
	hashText    = regexp.MustCompile(`SHA256:[\w+/]+|[0-9a-f]{32,}`)
	figureText  = regexp.MustCompile(`\d[\d.,:]*( (?:kB|MB|bytes?|ms|s)\b)?`)
	machineText = regexp.MustCompile(`, /etc/ssh/ssh_config:\d+|, server SSH-2.0-.*`)
	resetText   = regexp.MustCompile(`connection reset by peer`)
	blanks      = regexp.MustCompile(` +`)
)

// blurred is a screen without what differs from run to run.
func blurred(screen string) string {
	var b strings.Builder
	for line := range strings.Lines(machineText.ReplaceAllString(screen, "")) {
		line = resetText.ReplaceAllString(line, "the server closed it")
		line = plain(hashText.ReplaceAllString(line, "SHA256:x"))
		b.WriteString(blanks.ReplaceAllString(figureText.ReplaceAllString(line, "0"), " ") + "\n")
	}
	return b.String()
}
