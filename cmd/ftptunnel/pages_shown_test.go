package main_test

import (
	"fmt"
	"regexp"
	"strings"
)

// plainers make equal what differs from run to run.
var plainers = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b`), "Jan"},
	{regexp.MustCompile(`(?:under )?[0-9]+(?:\.[0-9]+)? (?:s|ms)\b`), "0 ms"},
	// A server that has locked itself up in a folder may not know names.
	{regexp.MustCompile(`\b(?:root +root|ftp +ftp)\b`), "0 0"},
	{regexp.MustCompile(`[0-9]+`), "0"},
	{regexp.MustCompile(`\s+`), " "},
}

func plain(line string) string {
	for _, p := range plainers {
		line = p.pattern.ReplaceAllString(line, p.with)
	}
	return strings.TrimSpace(line)
}

// showsAll returns nil if the lines that a page shows are among those that a
// program has printed, in that order. The terminal's ^C is not the program's.
func showsAll(shown []string, printed string) error {
	lines := strings.Split(printed, "\n")
	for _, want := range shown {
		if want == "^C" {
			continue
		}
		parts := strings.Split(plain(want), "…")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		pattern := regexp.MustCompile("^" + strings.Join(parts, ".*") + "$")
		for len(lines) > 0 && !pattern.MatchString(plain(lines[0])) {
			lines = lines[1:]
		}
		if len(lines) == 0 {
			return fmt.Errorf("this is not printed, or not at its place: %s", want)
		}
		lines = lines[1:]
	}
	return nil
}
