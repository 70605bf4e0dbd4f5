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

// sourcePattern finds the source files that a text names with their folder.
var sourcePattern = regexp.MustCompile(`\b(?:ftpinspect|tunnel|sshconn|testenv|cmd/ftptunnel)/[a-z_]+\.go\b`)

// TestArchitectureNamesFiles checks that ARCHITECTURE.md leads nobody to a file
// that is gone.
func TestArchitectureNamesFiles(t *testing.T) {
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	names := sourcePattern.FindAllString(string(text), -1)
	if len(names) < 20 {
		t.Errorf("only %d files found in the text", len(names))
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join("../..", name)); err != nil {
			t.Error(err)
		}
	}
}
