package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// optionPattern finds options in text as they are typed.
var optionPattern = regexp.MustCompile(`(?:^|[\s(\x60,|/\[])(--[a-z][a-z-]+|-[A-Za-z0-9])\b`)

// optionsOf returns the options of the program as they are typed.
func optionsOf() []string {
	var all []string
	flagSet(new(options), new(raw)).VisitAll(func(f *pflag.Flag) { all = append(all, spelled(f)) })
	return all
}

// TestOptionsDocumented walks the options: each stands in the usage, the README,
// the man page and every completion, and the usage and the man page name no
// other.
func TestOptionsDocumented(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	all := optionsOf()
	texts := map[string]string{"usage": usage, "README.md": string(readme), "the man page": manOptions(t)}
	for _, shell := range shells {
		texts["the completion of "+shell] = completionOptions(t, shell)
	}
	for where, text := range texts {
		named := map[string]bool{}
		for _, m := range optionPattern.FindAllStringSubmatch(text, -1) {
			named[m[1]] = true
		}
		for _, o := range all {
			if !named[o] {
				t.Errorf("%s lacks %s", where, o)
			}
		}
	}
	head, _, _ := strings.Cut(usage, "Examples:")
	for where, text := range map[string]string{"usage": head, "man page": texts["the man page"]} {
		for _, m := range optionPattern.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(all, m[1]) && m[1] != "-vv" {
				t.Errorf("the %s names %s, which does not exist", where, m[1])
			}
		}
	}
}

// TestUsageWidth keeps the usage readable in a terminal of 80 columns.
func TestUsageWidth(t *testing.T) {
	for line := range strings.Lines(usage) {
		if n := len(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestParse(t *testing.T) {
	o, err := parse([]string{"-p", "2200", "-4", "-vv", "me@files", "-i", "k1", "-i", "k2", "ftp.internal",
		"--", "curl", "-v", "{url}"})
	if err != nil {
		t.Fatal(err)
	}
	if o.port != 2200 || o.family != 4 || o.verbose != 2 || o.destination != "me@files" ||
		!slices.Equal(o.identity, []string{"k1", "k2"}) || !slices.Equal(o.command, []string{"curl", "-v", "{url}"}) {
		t.Errorf("%+v", o)
	}
	if f := o.forwards; len(f) != 1 || f[0] != (forward{bind: "localhost", port: 0, host: "ftp.internal", hostPort: 21}) {
		t.Errorf("forwards %+v", o.forwards)
	}
}

func TestParseDefaults(t *testing.T) {
	o, err := parse([]string{"files"})
	if err != nil {
		t.Fatal(err)
	}
	if f := o.forwards; len(f) != 1 || f[0] != (forward{bind: "localhost", port: 2121, host: "localhost", hostPort: 21}) {
		t.Errorf("forwards %+v", o.forwards)
	}
	if o.level() != levelWarn || o.logFormat != "text" || o.replyHost || o.prefetch || o.fxp {
		t.Errorf("%+v", o)
	}
}

func TestParseRefused(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"", "no destination"},
		{"a b c", "too many operands"},
		{"a b -L 1:h:21", "a target and -L exclude each other"},
		{"a --listen 1 -L 1:h:21", "--listen and -L exclude each other"},
		{"a b -D 1", "a target and -D exclude each other"},
		{"a --listen 1 -R 1:h:21", "--listen and -R exclude each other"},
		{"a -D 1:h:21", `-D "1:h:21" is not [bind:]port`},
		{"a -D x", `-D "x": "x" is not a port`},
		{"a -R 1", `-R "1" is not [bind:]port:host:hostport`},
		{"-4 -6 a", "-4 and -6 exclude each other"},
		{"-q -v a", "-q and -v exclude each other"},
		{"-p x a", `-p: "x" is not a port`},
		{"-p 0 a", `-p: "0" is not a port`},
		{"-z a", "unknown option -z"},
		{"--preload a", "unknown option --preload"},
		{"a -i", "option -i needs an argument"},
		{"a --listen", "option --listen needs an argument"},
		{"--batch=maybe a", `option --batch does not take "maybe"`},
		{"--log-format xml a", `--log-format is text or json, not "xml"`},
		{"--server-mode both a", `--server-mode is auto, client, passive or active, not "both"`},
		{"--data-host any a", `--data-host is control or reply, not "any"`},
		{"--tls upstream a", `--tls is refuse or pass, not "upstream"`},
		{"--active-address 10.0.0.1 a", "--active-address needs --server-mode active"},
		{"--server-mode active --active-address x a", `--active-address: "x" is not an IP address`},
		{"a --", "no command after --"},
		{"--completion csh", `--completion is bash, zsh or fish, not "csh"`},
		{"--demo a", "--demo takes no destination"},
		{"-f a -- true", "-f takes no command"},
		{"-f --check a", "--check and -f exclude each other"},
		{"-f --demo", "--demo and -f exclude each other"},
		{"--demo --fxp", "--demo and --fxp exclude each other"},
	} {
		_, err := parse(strings.Fields(c.line))
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %q", c.line, err, c.want)
		}
	}
}
