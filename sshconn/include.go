package sshconn

import (
	"path/filepath"
	"strings"
)

// include reads Include.
func include(r *reader, d *directive) error {
	if d.file == "" {
		return d.errorf("Include is not for the command line")
	}
	for _, pattern := range d.args {
		files, err := r.included(pattern, d)
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := r.includeFile(f, d); err != nil {
				return err
			}
		}
	}
	d.args = nil
	return nil
}

func (r *reader) includeFile(file string, d *directive) error {
	if r.depth++; r.depth > maxDepth {
		return d.errorf("too many nested Includes")
	}
	active, never := r.active, r.never
	r.never = never || !active
	err := r.file(file, true, false)
	r.active, r.never = active, never
	r.depth--
	return err
}

// included returns the files that a pattern names, in order. Relative ones are
// in ~/.ssh for the user's file, in /etc/ssh for the system's.
func (r *reader) included(pattern string, d *directive) ([]string, error) {
	switch {
	case strings.HasPrefix(pattern, "~"):
		if !r.user {
			return nil, d.errorf("Include: ~ in a system file")
		}
		p, err := tilde(pattern, r.o.Home)
		if err != nil {
			return nil, d.errorf("Include: no such user in %s", pattern)
		}
		pattern = p
	case !filepath.IsAbs(pattern) && r.user:
		pattern = filepath.Join(r.o.Home, ".ssh", pattern)
	case !filepath.IsAbs(pattern):
		pattern = filepath.Join(systemDir, pattern)
	}
	files, err := filepath.Glob(pattern)
	if err != nil {
		return nil, d.errorf("Include: bad pattern %s", pattern)
	}
	var out []string
	for _, f := range files {
		if !hiddenMatch(pattern, f) {
			out = append(out, f)
		}
	}
	return out, nil
}

// hiddenMatch reports whether a wildcard has matched a leading dot, which
// glob(3) does not let it.
func hiddenMatch(pattern, file string) bool {
	p, f := strings.Split(pattern, "/"), strings.Split(file, "/")
	for i := range min(len(p), len(f)) {
		if strings.HasPrefix(f[i], ".") && p[i] != "" && strings.IndexByte("*?[", p[i][0]) >= 0 {
			return true
		}
	}
	return false
}
