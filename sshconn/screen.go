package sshconn

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// block is where a Host, or a Match all, stands.
type block struct {
	place
	host bool
}

// screen goes over a text before the library reads it. What the library would
// take for something else than ssh does, and without a word, is refused by its
// line. What is returned has the same lines, without comments, and with them
// the places of its blocks.
func screen(text, file string) (clean string, blocks []block, err error) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		at := place{file, i + 1}
		key, value, err := at.split(line)
		if err != nil {
			return "", nil, err
		}
		switch key {
		case "host", "match":
			if file == "" {
				return "", nil, at.errorf("%s is not for the command line", key)
			}
			blocks = append(blocks, block{at, key == "host"})
		case "include":
			key = `"include"` // ssh takes that, too; the library leaves it to us, who know ~ and the line
		}
		lines[i] = strings.TrimRight(key+" "+value, " ")
	}
	return strings.Join(lines, "\n") + "\n", blocks, nil
}

// needsSSH is the refusal of what only an ssh binary reads right.
func (p place) needsSSH(what, otherwise string) error {
	if p.file == "" && p.line > 0 {
		what = "-o: " + what
	}
	return &ConfigError{File: p.file, Line: p.line, NeedsSSH: true,
		Text: what + " needs an ssh binary on the PATH; without one " + otherwise}
}

// split returns the keyword of a line, in lower case, and what follows it; a
// comment and what has no effect have neither.
func (p place) split(line string) (key, value string, err error) {
	line = strings.TrimLeft(strings.TrimRight(line, blanks+"\f"), blanks)
	if line == "" || line[0] == '#' {
		return "", "", nil
	}
	end := strings.IndexAny(line+" ", " \t=")
	key, value = strings.ToLower(line[:end]), strings.TrimLeft(line[end:], blanks)
	value = strings.TrimLeft(strings.TrimPrefix(value, "="), blanks)
	switch {
	case key == "" || strings.HasPrefix(value, "="):
		return "", "", p.needsSSH("another =", "write one, after the keyword")
	case strings.Contains(key, `"`):
		return "", "", p.needsSSH("a keyword in quotes", "leave them out")
	case strings.ContainsFunc(line, odd):
		return "", "", p.needsSSH("a control character or one that is not UTF-8", "write others")
	case value == "":
		return "", "", p.errorf("no argument after keyword %q", key)
	}
	if _, ok := splitWords(value, true); !ok {
		return "", "", p.errorf("unbalanced quotes")
	}
	if rule, known := keywords[keyword(key)]; known && rule == nil {
		return "", "", nil // whatever it says
	}
	value, err = p.value(key, value)
	return key, value, err
}

// odd are characters that the library replaces or cuts off.
func odd(c rune) bool {
	return c == utf8.RuneError || c != ' ' && c != '\t' && (unicode.IsSpace(c) || unicode.IsControl(c))
}

// value checks what follows a keyword.
func (p place) value(key, value string) (string, error) {
	if slices.Contains(commands, key) {
		return value, p.command(value)
	}
	if words := strings.Fields(value); key == "match" && !(len(words) == 1 && strings.EqualFold(words[0], "all")) {
		return "", p.needsSSH("Match "+words[0], "write Host, or Match all")
	}
	value, err := p.plain(value)
	if err == nil && key == "proxyjump" && strings.ContainsAny(value, " \t\"") {
		err = p.needsSSH("a blank or quotes in ProxyJump", "write none")
	}
	if err != nil || key != "host" {
		return value, err
	}
	return p.patterns(value)
}

// patterns makes the patterns of a Host such as the library takes them: parted by
// blanks, and not in quotes.
func (p place) patterns(value string) (string, error) {
	bare := strings.Trim(value, `"`)
	if bare != value && strings.ContainsAny(bare, blanks) {
		return "", p.needsSSH("a pattern with a blank", "write none")
	}
	return strings.ReplaceAll(bare, "\t", " "), nil
}

// commands are keywords whose value is a whole line.
var commands = []string{"proxycommand", "knownhostscommand"}

// command checks the value of one: the library cuts it at a #, and takes quotes
// off its ends.
func (p place) command(value string) error {
	if strings.Contains(value, "#") || value[0] == '"' && strings.HasSuffix(value, `"`) {
		return p.needsSSH("a # in a command, or quotes at both its ends,", "put it into a script")
	}
	return nil
}

// plain checks an ordinary value and takes off the comment behind it: the
// library cuts words at a #, and knows one pair of quotes around everything.
func (p place) plain(value string) (string, error) {
	bad := escapes.Replace(value) != value
	if before, _, found := strings.Cut(value, "#"); found && !bad {
		value = strings.TrimRight(before, blanks)
		if value == before || strings.Count(value, `"`)%2 > 0 {
			return "", p.needsSSH("a # within a word", "write it otherwise")
		}
	}
	inner := value
	if len(value) > 1 && value[0] == '"' && strings.HasSuffix(value, `"`) {
		inner = value[1 : len(value)-1]
	}
	if bad || strings.ContainsAny(inner, `"'`) {
		return "", p.needsSSH("such quoting", `write no quotes, or " around all that follows the keyword`)
	}
	return value, nil
}

// escapes are what a backslash makes of the character after it.
var escapes = strings.NewReplacer(`\\`, "", `\"`, "", `\'`, "", `\ `, "")
