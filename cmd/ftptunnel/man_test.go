package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const manPage = "../../packaging/ftptunnel.1"

func readManPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(manPage)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// manOptions returns the options that the man page has an entry for, as they
// are typed.
func manOptions(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, m := range regexp.MustCompile(`(?m)^\.It Fl (\S+)`).FindAllStringSubmatch(readManPage(t), -1) {
		b.WriteString(" -" + m[1])
	}
	return b.String()
}

// completionOptions returns a completion script with the options as they are
// typed: fish has them without their dashes.
func completionOptions(t *testing.T, shell string) string {
	t.Helper()
	text, err := completionScript(shell)
	if err != nil {
		t.Fatal(err)
	}
	quoted := strings.NewReplacer("'", " ", "*", " ", `"`, " ").Replace(text)
	if shell != "fish" {
		return quoted
	}
	return strings.NewReplacer("' -s ", " -", "' -l ", " --").Replace(text)
}

// TestManPageLint has mandoc look for mistakes. Which other pages this machine
// has does not matter.
func TestManPageLint(t *testing.T) {
	mandoc, err := exec.LookPath("mandoc")
	if err != nil {
		t.Skip("mandoc is not installed")
	}
	out, err := exec.Command(mandoc, "-Tlint", manPage).Output() // the status repeats what is printed
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, "referenced manual not found") {
			t.Error(strings.TrimSpace(line))
		}
	}
}

// TestManPageValues checks that the man page has every value of every option,
// in the option's entry.
func TestManPageValues(t *testing.T) {
	text := readManPage(t)
	for _, c := range completedOptions {
		if c.values == nil {
			continue
		}
		_, entry, _ := strings.Cut(text, "\n.It Fl -"+c.name+" ")
		entry, _, _ = strings.Cut(entry, "\n.It ")
		for _, value := range c.values {
			if !regexp.MustCompile(`(?m)\b` + value + `\b`).MatchString(entry) {
				t.Errorf("the man page lacks %s of --%s", value, c.name)
			}
		}
	}
}
