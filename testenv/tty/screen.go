//go:build linux

package tty

import (
	"strconv"
	"strings"
)

// screen is what stands on a terminal, and above it what has scrolled off.
type screen struct {
	columns, lines int
	rows           [][]rune
	row, column    int    // of the cursor, the row from the first one ever
	pending        []byte // an escape sequence or letter that is not complete
	wrapped        int
}

// write acts on what a program writes.
func (s *screen) write(b []byte) {
	text := string(append(s.pending, b...))
	s.pending = nil
	for text != "" {
		if text[0] == '\x1b' {
			rest, ok := s.escape(text)
			if !ok {
				s.pending = []byte(text)
				return
			}
			text = rest
			continue
		}
		r := []rune(text[:min(len(text), 4)])[0]
		if r == '\ufffd' && len(text) < 4 {
			s.pending = []byte(text)
			return
		}
		text = text[len(string(r)):]
		s.put(r)
	}
}

// escape acts on a sequence at the beginning of text, and reports whether it is
// complete: ESC [ number A is upwards, ESC [ J erases to the end.
func (s *screen) escape(text string) (rest string, ok bool) {
	if len(text) < 2 {
		return "", false
	}
	end := strings.IndexFunc(text[2:], func(r rune) bool { return '@' <= r && r <= '~' })
	if text[1] != '[' || end < 0 {
		return text[1:], text[1] != '['
	}
	number, rest := text[2:2+end], text[3+end:]
	switch text[2+end] {
	case 'A':
		n, _ := strconv.Atoi(number)
		s.row = max(s.row-max(n, 1), s.top())
	case 'J':
		for i := s.row; i < len(s.rows); i++ {
			s.rows[i] = s.rows[i][:min(len(s.rows[i]), s.columnIn(i))]
		}
	}
	return rest, true
}

// columnIn is from where a row is erased.
func (s *screen) columnIn(row int) int {
	if row == s.row {
		return s.column
	}
	return 0
}

// top is the first row that is seen.
func (s *screen) top() int { return max(0, len(s.rows)-s.lines) }

func (s *screen) put(r rune) {
	switch r {
	case '\r':
		s.column = 0
		return
	case '\n':
		s.row++
		s.grow()
		return
	}
	if s.column == s.columns {
		s.wrapped++
		s.row, s.column = s.row+1, 0
	}
	s.grow()
	for len(s.rows[s.row]) <= s.column {
		s.rows[s.row] = append(s.rows[s.row], ' ')
	}
	s.rows[s.row][s.column] = r
	s.column++
}

func (s *screen) grow() {
	for len(s.rows) <= s.row {
		s.rows = append(s.rows, nil)
	}
}

func (s *screen) visible() []string { return trimmed(s.rows[s.top():]) }
func (s *screen) all() []string     { return trimmed(s.rows) }

// trimmed returns rows as text, without blanks at their ends and without empty
// ones at the end.
func trimmed(rows [][]rune) []string {
	var all []string
	for _, r := range rows {
		all = append(all, strings.TrimRight(string(r), " "))
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}
