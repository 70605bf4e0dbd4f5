package main

import "strings"

// parseNetrc reads a netrc file as ftp(1) and curl(1) do: machine, default,
// login, password, account and macdef, in any layout. Of several entries for a
// machine the first counts; default is "". A word in double quotes may hold
// blanks, with \ before a quote or a backslash (curl 7.84).
func parseNetrc(text string) map[string]ftpLogin {
	entries := map[string]ftpLogin{}
	var name string
	var entry ftpLogin
	open := false
	finish := func() {
		if _, have := entries[name]; open && !have {
			entries[name] = entry
		}
		entry, open = ftpLogin{}, false
	}
	for s := (netrcWords{text}); ; {
		word, ok := s.next()
		if !ok {
			finish()
			return entries
		}
		switch word {
		case "machine":
			finish()
			name, open = s.value(), true
		case "default":
			finish()
			name, open = "", true
		case "login":
			entry.user = s.value()
		case "password":
			entry.password = s.value()
		case "account":
			s.value()
		case "macdef":
			s.skipMacro()
		}
	}
}

// netrcWords splits a netrc file.
type netrcWords struct{ rest string }

// next returns the next word. A word that begins with # hides the rest of its
// line.
func (w *netrcWords) next() (string, bool) {
	for {
		w.rest = strings.TrimLeft(w.rest, " \t\r\n")
		if !strings.HasPrefix(w.rest, "#") {
			break
		}
		_, w.rest, _ = strings.Cut(w.rest, "\n")
	}
	return w.word()
}

// value returns the word that belongs to the one before; it may begin with #.
func (w *netrcWords) value() string {
	w.rest = strings.TrimLeft(w.rest, " \t\r\n")
	s, _ := w.word()
	return s
}

func (w *netrcWords) word() (string, bool) {
	if w.rest == "" {
		return "", false
	}
	if w.rest[0] == '"' {
		return w.quoted(), true
	}
	end := strings.IndexAny(w.rest, " \t\r\n")
	if end < 0 {
		end = len(w.rest)
	}
	s := w.rest[:end]
	w.rest = w.rest[end:]
	return s, true
}

// quoted reads a word in quotes.
func (w *netrcWords) quoted() string {
	var b strings.Builder
	for i := 1; i < len(w.rest); i++ {
		switch c := w.rest[i]; {
		case c == '"':
			w.rest = w.rest[i+1:]
			return b.String()
		case c == '\\' && i+1 < len(w.rest):
			i++
			b.WriteByte(w.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	w.rest = ""
	return b.String()
}

// skipMacro skips a macro, which ends with an empty line.
func (w *netrcWords) skipMacro() {
	text := strings.ReplaceAll(w.rest, "\r\n", "\n")
	_, w.rest, _ = strings.Cut(text, "\n\n")
}
