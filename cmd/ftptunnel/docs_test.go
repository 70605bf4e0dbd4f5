package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// eventPattern finds the names of events where they are written or worded.
var eventPattern = regexp.MustCompile(`(?:(?:log|say)\(level\w*|\{level\w+|fail\(|warnf\(|commandFailed\()[, ]*"([a-z_]+)"`)

// TestEventsDocumented checks that docs/events.md has every event that the
// program writes.
func TestEventsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range eventPattern.FindAllStringSubmatch(string(source), -1) {
			found[m[1]] = true
		}
	}
	if len(found) < 40 {
		t.Errorf("only %d events found in the source", len(found))
	}
	for event := range found {
		if !strings.Contains(string(doc), "`"+event+"`") {
			t.Errorf("docs/events.md lacks %s", event)
		}
	}
}
