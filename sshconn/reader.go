package sshconn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kevinburke/ssh_config"
)

// fileResolver reads the files of ssh_config(5) without an ssh binary. A library
// takes them apart and matches Host lines; what it would take for something else
// than ssh does is refused before (see screen). Here the first value wins, and
// values get the form that ssh -G prints.
type fileResolver struct{}

// systemDir is where ssh's system-wide files are.
const systemDir = "/etc/ssh"

// maxDepth bounds Includes within Includes.
const maxDepth = 16

// reader reads the configuration for one destination.
type reader struct {
	o        *Options
	original string              // the destination as it was given
	host     string              // what Host is matched against
	values   map[string]string   // first value wins
	lists    map[string][]string // IdentityFile and others that add up
	words    map[string][]string // lists on one line
	matched  []string            // file:line of the Host lines that apply
	ignored  string              // IgnoreUnknown

	never  bool // an Include within a block that does not apply
	user   bool // the user's file, not the system's
	active bool // lines of the current block apply
	depth  int
}

// place is a line of a file; the file is "" for the command line.
type place struct {
	file string
	line int
}

func (p place) errorf(format string, args ...any) error {
	return &ConfigError{File: p.file, Line: p.line, Text: fmt.Sprintf(format, args...)}
}

// read resolves a destination as ssh's main does.
func (fileResolver) read(_ context.Context, destination string, o *Options) (*settings, error) {
	r := newReader(o)
	if err := r.all(destination); err != nil {
		return nil, err
	}
	return r.finish()
}

func newReader(o *Options) *reader {
	return &reader{o: o, values: map[string]string{}, lists: map[string][]string{}, words: map[string][]string{}}
}

// all reads the command line and the files.
func (r *reader) all(destination string) error {
	if err := r.commandLine(destination); err != nil {
		return err
	}
	if err := r.files(); err != nil {
		return err
	}
	return r.hostname()
}

// files reads the user's file and the system's, or the one that -F names.
func (r *reader) files() error {
	r.user = true
	if f := r.o.ConfigFile; strings.EqualFold(f, "none") {
		return nil
	} else if f != "" {
		return r.file(f, false, true)
	}
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
	return r.text(string(data), path)
}

// text reads the text of a file, or an option of the command line.
func (r *reader) text(text, file string) error {
	text, blocks, err := screen(text, file)
	if err != nil {
		return err
	}
	parsed, err := ssh_config.DecodeBytes([]byte(text))
	if err != nil {
		return &ConfigError{File: file, Text: err.Error()}
	}
	for i, h := range parsed.Hosts {
		if i > 0 { // the first one is what stands before any Host
			r.block(h, blocks[i-1])
		}
		for _, n := range h.Nodes {
			kv, ok := n.(*ssh_config.KV)
			if !ok {
				continue
			}
			if err := r.line(kv, place{file, kv.Pos().Line}); err != nil {
				return err
			}
		}
	}
	return nil
}

// block begins the block of a Host or of Match all.
func (r *reader) block(h *ssh_config.Host, at block) {
	if r.active = !r.never && r.applies(h.Patterns); r.active && at.host {
		r.matched = append(r.matched, at.file+":"+itoa(at.line))
	}
}

// applies reports whether patterns match the host, as the library does, but for
// the ?, which stands for exactly one character.
func (r *reader) applies(patterns []*ssh_config.Pattern) (found bool) {
	for _, p := range patterns {
		name, negated := strings.CutPrefix(p.String(), "!")
		if !matchPattern(r.host, name) {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}

// directive is one line, split.
type directive struct {
	place
	key  string   // in lower case, aliases resolved
	args []string // what is left of the arguments
	rest string   // the arguments as they were written
}

// next takes an argument; a missing one is an error.
func (d *directive) next() (string, error) {
	if len(d.args) == 0 {
		return "", d.errorf("%s: missing argument", d.key)
	}
	a := d.args[0]
	d.args = d.args[1:]
	return a, nil
}

// line reads one line.
func (r *reader) line(kv *ssh_config.KV, at place) error {
	d := &directive{place: at, key: strings.ToLower(strings.Trim(kv.Key, `"`)), rest: kv.Value}
	if d.rest == "" {
		return d.errorf("no argument after keyword %q", d.key)
	}
	rule, known := r.rule(d)
	switch {
	case !known:
		return d.errorf("unknown keyword %q", kv.Key)
	case rule == nil:
		return nil // IgnoreUnknown
	}
	if d.args = []string{d.rest}; !strings.HasSuffix(kv.String(), `"`) { // not in quotes
		d.args = strings.FieldsFunc(d.rest, func(c rune) bool { return c == ' ' || c == '\t' })
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
	d.key = keyword(d.key)
	if f, ok := keywords[d.key]; ok {
		return f, true
	}
	return nil, r.ignored != "" && matchList(d.key, r.ignored, true) == 1
}

// store sets a value unless it is set, or the block does not apply.
func (r *reader) store(key, value string) {
	if _, set := r.values[key]; r.active && !set {
		r.values[key] = value
	}
}
