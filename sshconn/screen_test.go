package sshconn

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the library would take for something else is refused by file and line,
// and says what to do.
func TestRefusesWhatNeedsSSH(t *testing.T) {
	for line, want := range map[string]string{
		"Match final all":                "Match final",
		"Match host box":                 "Match host",
		"Match user bob exec \"true\"":   "Match user",
		"Match all # of them":            "Match all",
		"User bob#1":                     "# within a word",
		"User \"bob # builder\"":         "# within a word",
		"User 'bob'":                     "quoting",
		"User bo\"b\"":                   "quoting",
		"User bob\\ builder":             "quoting",
		"UserKnownHostsFile \"a b\" c":   "quoting",
		"UserKnownHostsFile \"a\" \"b\"": "quoting",
		"Include \"a b\" c":              "quoting",
		"Host \"a box\"":                 "pattern with a blank",
		"Port = = 22":                    "another =",
		"= 22":                           "another =",
		"\"Port\" 22":                    "keyword in quotes",
		"ProxyCommand nc %h %p # 1":      "# in a command",
		"ProxyCommand \"a\" \"b\"":       "quotes at both its ends",
		"User b\x01b":                    "control character",
		"User b\xffb":                    "UTF-8",
		"User bob\u00a0":                 "control character",
		"CanonicalizeHostname yes":       "CanonicalizeHostname",
	} {
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, []byte("Port 22\n\n  "+line+"\nUser late\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Resolve(t.Context(), "box", Options{ConfigFile: file})
		var named *ConfigError
		if !errors.As(err, &named) || !named.NeedsSSH || !strings.Contains(named.Text, want) || !strings.Contains(named.Text, "; without one ") {
			t.Errorf("%q: %v", line, err)
			continue
		}
		if want := strings.HasPrefix(line, "Canonicalize"); !want && (named.File != file || named.Line != 3) {
			t.Errorf("%q: refused at %s:%d", line, named.File, named.Line)
		}
	}
}
