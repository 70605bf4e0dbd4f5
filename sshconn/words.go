package sshconn

import "strings"

const blanks = " \t\r\n"

// splitWords splits the arguments of a directive as OpenSSH does (misc.c,
// argv_split): at blanks, with single and double quotes and backslashes; an
// unquoted # at the start of a word ends the line where comments are allowed.
// It fails on an open quote.
func splitWords(s string, comments bool) (words []string, ok bool) {
	for i := 0; i < len(s); {
		switch {
		case s[i] == ' ' || s[i] == '\t':
			i++
			continue
		case comments && s[i] == '#':
			return words, true
		}
		word, n, ok := oneWord(s[i:])
		if !ok {
			return nil, false
		}
		words = append(words, word)
		i += n
	}
	return words, true
}

// oneWord reads one word and returns how long it was.
func oneWord(s string) (word string, n int, ok bool) {
	var b strings.Builder
	var quote byte
	for n = 0; n < len(s); n++ {
		c := s[n]
		switch {
		case c == '\\' && n+1 < len(s) && (strings.IndexByte(`'"\`, s[n+1]) >= 0 || quote == 0 && s[n+1] == ' '):
			n++
			b.WriteByte(s[n])
		case quote == 0 && (c == ' ' || c == '\t'):
			return b.String(), n, true
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), n, quote == 0
}
