package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// writeCompletion has the program print the script for a shell into a file.
func writeCompletion(t *testing.T, shell string) string {
	t.Helper()
	var stdout, stderr strings.Builder
	if code := run(context.Background(), env{args: []string{"--completion", shell}, stdout: &stdout, stderr: &stderr}); code != exitOK {
		t.Fatalf("--completion %s: %d, %s", shell, code, &stderr)
	}
	if m := regexp.MustCompile(`@[A-Z]+@`).FindString(stdout.String()); m != "" {
		t.Errorf("the script for %s still has %s", shell, m)
	}
	name := filepath.Join(t.TempDir(), shell)
	if err := os.WriteFile(name, []byte(stdout.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestCompletedOptions holds the list of the completions against the options:
// all of them, what they take, and that the program takes each value.
func TestCompletedOptions(t *testing.T) {
	byName := map[string]completed{}
	for _, c := range completedOptions {
		byName[c.name] = c
		for _, value := range c.values {
			line := []string{c.spelled(), value, "box"}
			if _, err := parse(line); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
		if strings.ContainsAny(c.about, `'"[]:\`) {
			t.Errorf("%s: %q has what a shell reads otherwise", c.name, c.about)
		}
	}
	count := 0
	flagSet(new(options), new(raw)).VisitAll(func(f *pflag.Flag) {
		count++
		c, ok := byName[f.Name]
		if !ok {
			t.Errorf("the completions lack %s", spelled(f))
		} else if takes := f.NoOptDefVal == ""; takes != (c.argument != "") {
			t.Errorf("%s takes an argument: %v, in the completions: %q", spelled(f), takes, c.argument)
		}
	})
	if len(completedOptions) != count {
		t.Errorf("%d options in the completions, of %d", len(completedOptions), count)
	}
}

// completionHome is a home whose ssh_config names files and, by a pattern,
// others.
func completionHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	for name, text := range map[string]string{
		".ssh/config":          "Host files \"quoted\" # not-this\n  HostName x\nHost *.example !no\nhost=gate\nInclude more/*.conf ~/.ssh/last\nInclude config\n",
		".ssh/more/a.conf":     "Host inner\n",
		".ssh/more/b c.conf":   "\tHOST\tinner2\r\n",
		".ssh/last":            "Host $(touch$IFS$HOME/struck) fine",
		"other":                "Host elsewhere\n",
		"work/some file.conf":  "",
		"work/something.conf":  "",
		"work/{strange}":       "",
		"bin/ftptunnel-client": "#!/bin/sh\n",
	} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// TestCompletionBash asks a real bash what it completes.
func TestCompletionBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	script, home := writeCompletion(t, "bash"), completionHome(t)
	const drive = `
source "$1" || exit
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
set -- $(complete -p ftptunnel)
[[ "$*" == "complete -F _ftptunnel ftptunnel" ]] || exit
_ftptunnel
printf '%s\n' "${COMPREPLY[@]}"`
	complete := func(words ...string) []string {
		c := exec.Command(bash, append([]string{"--norc", "--noprofile", "-c", drive, "bash", script, "ftptunnel"}, words...)...)
		c.Dir = filepath.Join(home, "work")
		c.Env = []string{"HOME=" + home, "PATH=" + filepath.Join(home, "bin") + ":" + os.Getenv("PATH")}
		out, err := c.CombinedOutput()
		if err != nil {
			t.Errorf("%q: %v: %s", words, err, out)
		}
		if len(out) == 1 {
			return nil
		}
		return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	}
	// Bash hands = : and @ over as words.
	for _, c := range []struct{ line, want string }{
		{"--eng", "--engine"},
		{"--engine |", "auto native openssh"},
		{"--engine n", "native"},
		{"--engine = o", "openssh"},
		{"--engine =", "auto native openssh"},
		{"--server-mode pa", "passive"},
		{"-v --log-format |", "text json"},
		{"--completion z", "zsh"},
		{"--tls p box --fx", "--fxp"},
		{"f", "files fine"},
		{"g", "gate"},
		{"q", "quoted"},
		{"in", "inner inner2"},
		{"me @ g", "gate"},
		{"-J in", "inner inner2"},
		{"-p 22 --engine auto -v ga", "gate"},
		{"-L 2121 : ftp : 21 ga", "gate"},
		{"-F ~/other |", "elsewhere"},
		{"-F " + home + "/other e", "elsewhere"},
		{"gate f", ""},
		{"me @ gate f", ""},
		{"-p 2", ""},
		{"gate ftp : 2", ""},
		{"-F someth", "something.conf"},
		{"--transfer-log = someth", "something.conf"},
		{"gate -- ftptunnel-c", "ftptunnel-client"},
		{"gate -- curl {u", "{url}"},
		{"gate -- curl someth", "something.conf"},
		{"--demo -- curl -- {", "{addr} {host} {port} {url}"},
	} {
		words := strings.Fields(strings.ReplaceAll(c.line, "|", ""))
		if strings.HasSuffix(c.line, "|") {
			words = append(words, "")
		}
		got := complete(words...)
		if !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%q: %q, want %q", c.line, got, c.want)
		}
	}
	for _, o := range optionsOf() {
		if got := complete(o); !slices.Contains(got, o) {
			t.Errorf("%s: %q", o, got)
		}
	}
	if got := complete("-i", "some"); !slices.Contains(got, "some file.conf") {
		t.Errorf("a name with a space: %q", got)
	}
	if _, err := os.Stat(filepath.Join(home, "struck")); err == nil {
		t.Error("a name in ssh_config was executed")
	}
}
