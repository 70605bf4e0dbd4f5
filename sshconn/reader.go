package sshconn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// fileResolver reads ssh_config(5) itself, for machines without an ssh binary.
// It follows OpenSSH's readconf.c instead of a library: the known one loses a
// whole file to one Match exec, as Fedora's has, and reads other lines as what
// they do not say. What cannot be decided here is refused by name.
type fileResolver struct{}

// systemDir is where ssh's system-wide files are.
const systemDir = "/etc/ssh"

// maxDepth bounds Includes within Includes.
const maxDepth = 16

// reader reads the configuration for one destination.
type reader struct {
	ctx      context.Context
	o        *Options
	original string              // the destination as it was given
	host     string              // what Host is matched against
	values   map[string]string   // first value wins
	lists    map[string][]string // IdentityFile and others that add up
	words    map[string][]string // lists on one line
	matched  []string            // file:line of the Host lines that apply
	ignored  string              // IgnoreUnknown

	final     bool // second pass
	wantFinal bool // a Match final asks for one
	never     bool // an Include within a block that does not apply
	user      bool // the user's file, not the system's
	active    bool // lines of the current block apply
	depth     int
}

// place is a line of a file.
type place struct {
	file string
	line int
}

func (p place) errorf(format string, args ...any) error {
	return &ConfigError{File: p.file, Line: p.line, Text: fmt.Sprintf(format, args...)}
}

// read resolves a destination as ssh's main does.
func (fileResolver) read(ctx context.Context, destination string, o *Options) (*settings, error) {
	r := newReader(ctx, o)
	if err := r.all(destination); err != nil {
		return nil, err
	}
	return r.finish()
}

func newReader(ctx context.Context, o *Options) *reader {
	return &reader{ctx: ctx, o: o, values: map[string]string{}, lists: map[string][]string{}, words: map[string][]string{}}
}

// all reads the command line and the files, again if a Match final asks for it.
func (r *reader) all(destination string) error {
	if err := r.commandLine(destination); err != nil {
		return err
	}
	if err := r.files(); err != nil {
		return err
	}
	if err := r.hostname(); err != nil {
		return err
	}
	if r.wantFinal {
		r.final = true
		r.values["hostname"] = r.host
		return r.files()
	}
	return nil
}

// files reads the user's file and the system's, or the one that -F names.
func (r *reader) files() error {
	if f := r.o.ConfigFile; f != "" {
		if strings.EqualFold(f, "none") {
			return nil
		}
		r.user = true
		if err := r.file(f, false, true); err != nil {
			return err
		}
		return nil
	}
	r.user = true
	if err := r.file(filepath.Join(r.o.Home, ".ssh", "config"), true, false); err != nil {
		return err
	}
	r.user = false
	return r.file(filepath.Join(systemDir, "ssh_config"), false, false)
}

// file reads one file from its start; one that is missing is empty unless it
// must exist.
func (r *reader) file(path string, private, must bool) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !must {
		return nil
	}
	if err != nil {
		if info, e := os.Stat(path); e == nil && info.IsDir() {
			return nil // ssh reads a folder as an empty file
		}
		if !must {
			return nil
		}
		return &ConfigError{File: path, Text: errText(err)}
	}
	if private && !trustedFile(path) {
		return &ConfigError{File: path, Text: "bad owner or permissions: others could write it"}
	}
	r.active = !r.never
	if r.depth == 0 {
		r.active = true
	}
	for i, line := range strings.Split(string(data), "\n") {
		if err := r.line(line, place{path, i + 1}); err != nil {
			return err
		}
	}
	return nil
}

// directive is one line, split.
type directive struct {
	place
	key  string   // in lower case, aliases resolved
	args []string // what is left of the arguments
	rest string   // the arguments as they were written
}

// next takes an argument; an empty or missing one is an error.
func (d *directive) next() (string, error) {
	if len(d.args) == 0 || d.args[0] == "" {
		return "", d.errorf("%s: missing argument", d.key)
	}
	a := d.args[0]
	d.args = d.args[1:]
	return a, nil
}

// line reads one line.
func (r *reader) line(line string, at place) error {
	line = strings.TrimRight(line, blanks+"\f")
	key, rest, ok := cutWord(line)
	if ok && key == "" {
		key, rest, ok = cutWord(rest)
	}
	if !ok || key == "" || key[0] == '#' {
		return nil
	}
	d := &directive{place: at, key: strings.ToLower(key), rest: rest}
	if rest == "" {
		return d.errorf("no argument after keyword %q", d.key)
	}
	rule, known := r.rule(d)
	if !known {
		return d.errorf("unknown keyword %q", key)
	}
	if d.args, ok = splitWords(rest, true); !ok {
		return d.errorf("unbalanced quotes")
	}
	if err := rule(r, d); err != nil {
		return err
	}
	if len(d.args) > 0 {
		return d.errorf("%s: extra arguments at the end of the line", d.key)
	}
	return nil
}

// rule looks a keyword up.
func (r *reader) rule(d *directive) (rule, bool) {
	if to, ok := keywordAliases[d.key]; ok {
		d.key = to
	}
	if f, ok := keywords[d.key]; ok {
		return f, true
	}
	if r.ignored != "" && matchList(d.key, r.ignored, true) == 1 {
		return ignore, true
	}
	return nil, false
}

// store sets a value unless it is set, or the block does not apply.
func (r *reader) store(key, value string) {
	if _, set := r.values[key]; r.active && !set {
		r.values[key] = value
	}
}

// hostBlock reads Host.
func hostBlock(r *reader, d *directive) error {
	if d.file == "" {
		return d.errorf("Host is not for the command line")
	}
	patterns := d.args
	d.args = nil
	r.active = false
	for _, p := range patterns {
		if p == "" {
			return d.errorf("Host: empty pattern")
		}
		if r.never {
			break
		}
		p, negated := strings.CutPrefix(p, "!")
		if !matchPattern(r.host, p) {
			continue
		}
		if r.active = !negated; negated {
			break
		}
	}
	if at := d.file + ":" + itoa(d.line); r.active && !slices.Contains(r.matched, at) {
		r.matched = append(r.matched, at) // Match final reads the files twice
	}
	return nil
}
