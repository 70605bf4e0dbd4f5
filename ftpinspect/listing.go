package ftpinspect

import (
	"bytes"
	"regexp"
)

// listing is the names in the listing that a client got last. Most clients ask
// about none of them, so it is read when one does.
type listing struct {
	by    string   // LIST or NLST; empty if no copy is kept
	text  []byte   // not read yet
	names []string // in its order
}

// maxNames bounds the names of a listing that are kept.
const maxNames = 20_000

// keepListing asks for a copy of the listing that a transfer command is about to
// bring.
func (s *Session) keepListing(t *transfer) {
	named := t.Verb == "LIST" || t.Verb == "NLST" // MLSD tells what one would ask for
	if named && s.asksFacts() && s.current != nil && !s.current.over && !s.asking() && !s.opening() {
		s.facts.by = t.Verb
		s.do(KeepListing{s.current.id})
	}
}

// listed takes the copy, unless another command has come since: after a listing
// that was refused it is what that one has brought. A client that is silent then
// will not ask.
func (s *Session) listed(text []byte) {
	l := &s.facts.listing
	if len(text) == 0 || l.by == "" || !s.asksFacts() {
		return
	}
	s.forgetFacts()
	s.facts.last = -1
	l.text, l.names = text, nil
	s.startTimer(TimerIdle, func() {
		if len(l.text) > 0 && &l.text[0] == &text[0] {
			*l = listing{}
		}
	})
}

// read finds the names.
func (l *listing) read() {
	if l.text != nil {
		l.names, l.text = namesIn(l.text, l.by), nil
	}
}

// A line of LIST as ls -l prints it: the last of the date's fields is a time or a
// year, and one blank parts it from the name.
var listedRE = regexp.MustCompile(`^[-bcdlps]\S{9}\S*\s.*?\s` +
	`(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+\d{1,2}\s+(?:\d{1,2}:\d{2}|\d{4}) (.+)$`)

// namesIn returns the names in a listing that LIST has brought, or NLST, whose
// lines are names.
func namesIn(text []byte, by string) (names []string) {
	for line := range bytes.Lines(text) {
		name, whole := bytes.CutSuffix(line, []byte("\n"))
		if !whole || len(names) == maxNames {
			break // the copy ends here
		}
		name = bytes.TrimRight(name, "\r")
		if by == "LIST" {
			name = listedName(name)
		}
		if n := string(name); n != "" && n != "." && n != ".." {
			names = append(names, n)
		}
	}
	return names
}

func listedName(line []byte) []byte {
	m := listedRE.FindSubmatch(line)
	if m == nil {
		return nil
	}
	if line[0] == 'l' {
		name, _, _ := bytes.Cut(m[1], []byte(" -> "))
		return name
	}
	return m[1]
}
