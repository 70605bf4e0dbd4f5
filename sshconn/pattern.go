package sshconn

import "strings"

// matchPattern reports whether s matches a pattern of ssh_config(5): * stands
// for any characters, ? for exactly one.
func matchPattern(s, pattern string) bool {
	star, mark, i, j := -1, 0, 0, 0
	for i < len(s) {
		switch {
		case j < len(pattern) && pattern[j] == '*':
			star, mark = j, i
			j++
		case j < len(pattern) && (pattern[j] == '?' || pattern[j] == s[i]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[j:], "*") == ""
}

// matchList matches s against a comma-separated list of patterns, each of which
// may be negated by !. It returns 1 for a match, -1 for a negated one,
// which outweighs any other, and 0 for none.
func matchList(s, list string, fold bool) int {
	if fold {
		list = strings.ToLower(list)
	}
	found := 0
	for _, p := range strings.Split(list, ",") {
		p, negated := strings.CutPrefix(p, "!")
		if !matchPattern(s, p) {
			continue
		}
		if negated {
			return -1
		}
		found = 1
	}
	return found
}
