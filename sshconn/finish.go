package sshconn

import (
	"strings"
)

// finish fills in the defaults and expands what ssh -G prints expanded.
func (r *reader) finish() (*settings, error) {
	s := newSettings()
	s.add("host", r.original)
	s.add("user", r.remoteUser())
	s.add("hostname", r.host)
	port, ok := r.values["port"]
	if !ok {
		port = "22"
	}
	s.add("port", port)
	if err := r.complete(); err != nil {
		return nil, err
	}
	if err := r.expand(r.expander(s)); err != nil {
		return nil, err
	}
	for _, d := range ordinary {
		r.print(s, d[0], d[1])
	}
	return s, nil
}

// print adds a directive to the settings.
func (r *reader) print(s *settings, key, def string) {
	v, set := r.values[key]
	list, words := r.lists[key], r.words[key]
	s.set[key] = set || list != nil || words != nil
	switch {
	case set:
		s.add(key, v)
	case list != nil:
		for _, v := range list {
			s.add(key, v)
		}
	case words != nil:
		s.add(key, strings.Join(words, " "))
		s.lists[key] = words
	case defaultValues[key] != nil:
		for _, v := range defaultValues[key] {
			s.add(key, v)
		}
	case def != "":
		s.add(key, def)
	}
	if len(words) == 1 && strings.EqualFold(words[0], "none") {
		s.lists[key] = nil
	}
}

// expander makes the tokens of what has been read so far.
func (r *reader) expander(s *settings) expander {
	cfg := &Config{
		Alias: r.original, HostName: r.host, User: r.remoteUser(), Port: s.number("port"),
		HostKeyAlias: r.values["hostkeyalias"],
	}
	return expander{newTokens(cfg, r.o), r.o}
}

// expand replaces ~, tokens and variables where ssh -G does.
func (r *reader) expand(e expander) error {
	for _, key := range []string{"controlpath", "identityagent"} {
		if v, ok := r.values[key]; ok {
			full, err := e.path(v)
			if err != nil {
				return err
			}
			r.values[key] = full
		}
	}
	words := r.words["userknownhostsfile"]
	out := make([]string, len(words))
	for i, w := range words {
		if out[i] = w; strings.EqualFold(w, "none") {
			continue
		}
		full, err := e.path(w)
		if err != nil {
			return err
		}
		out[i] = full
	}
	r.words["userknownhostsfile"] = out
	return nil
}
