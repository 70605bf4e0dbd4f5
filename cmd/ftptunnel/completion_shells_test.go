//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons"
)

// TestCompletionSyntax has each shell that is there read its script.
func TestCompletionSyntax(t *testing.T) {
	for _, shell := range shells {
		t.Run(shell, func(t *testing.T) {
			c := exec.Command(daemons.Find(t, shell, shell), "-n", writeCompletion(t, shell))
			c.Env = daemons.Environ()
			if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// TestCompletionFish asks a real fish what it completes.
func TestCompletionFish(t *testing.T) {
	fish := daemons.Find(t, "fish", "fish")
	script, home := writeCompletion(t, "fish"), completionHome(t)
	functions := filepath.Join(filepath.Dir(filepath.Dir(fish)), "share", "fish", "functions")
	// fish reads the names itself, and goes round for ever where a file includes itself.
	plain := []byte("Host files fine\nHost *.example !no\nHost gate\nInclude more/a.conf\n")
	if err := os.WriteFile(filepath.Join(home, ".ssh", "config"), plain, 0o600); err != nil {
		t.Fatal(err)
	}
	complete := func(line string) []string {
		c := exec.Command(fish, "--no-config", "-c",
			"set fish_function_path $FUNCTIONS; set fish_complete_path; source $SCRIPT; complete -C $LINE")
		c.Dir = filepath.Join(home, "work")
		c.Env = append(daemons.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home,
			"FUNCTIONS="+functions, "SCRIPT="+script, "LINE="+line, "PATH="+filepath.Join(home, "bin")+":"+os.Getenv("PATH"))
		out, err := c.Output()
		if err != nil {
			t.Errorf("%q: %v: %s", line, err, out)
		}
		var words []string
		for text := range strings.Lines(string(out)) {
			word, _, _ := strings.Cut(strings.TrimSuffix(text, "\n"), "\t") // then what it is
			words = append(words, word)
		}
		return words
	}
	for _, c := range []struct{ line, want string }{
		{"--eng", "--engine"},
		{"--engine ", "auto native openssh"},
		{"--server-mode pa", "passive"},
		{"fi", "files fine"},
		{"-p 22 ga", "gate"},
		{"me@ga", "me@gate"},
		{"-J you@in", "you@inner"},
		{"gate fi", ""},
		{"-F someth", "something.conf"},
		{"gate -- ftptunnel-c", "ftptunnel-client"},
		{"gate -- curl {u", "{url}"},
	} {
		got := complete("ftptunnel " + c.line)
		slices.Sort(got)
		if !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%q: %q, want %q", c.line, got, c.want)
		}
	}
}
