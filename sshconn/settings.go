package sshconn

import (
	"strconv"
	"strings"
	"time"
)

// settings is a resolved configuration in the words of `ssh -G`: lower-case
// keywords, canonical values, defaults filled in.
type settings struct {
	values map[string][]string // each with one value a line
	lists  map[string][]string // elements of lists whose elements hold blanks
	set    map[string]bool     // not by default
}

func newSettings() *settings {
	return &settings{values: map[string][]string{}, lists: map[string][]string{}, set: map[string]bool{}}
}

// add appends a line.
func (s *settings) add(key, value string) { s.values[key] = append(s.values[key], value) }

// get returns the value of a keyword, "" if it has none.
func (s *settings) get(key string) string {
	if v := s.values[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// text is get with "none" as "".
func (s *settings) text(key string) string {
	if v := s.get(key); !strings.EqualFold(v, "none") {
		return v
	}
	return ""
}

// list returns the elements of a value that is a list of words; none is empty.
func (s *settings) list(key string) []string {
	if l, ok := s.lists[key]; ok {
		return l
	}
	if v := s.text(key); v != "" {
		return strings.Fields(v)
	}
	return nil
}

// names returns the elements of a comma-separated value.
func (s *settings) names(key string) []string {
	if v := s.get(key); v != "" {
		return strings.Split(v, ",")
	}
	return nil
}

func (s *settings) flag(key string) bool {
	v := s.get(key)
	return v == "yes" || v == "true"
}

func (s *settings) number(key string) int {
	n, _ := strconv.Atoi(s.get(key))
	return n
}

func (s *settings) seconds(key string) time.Duration {
	return time.Duration(s.number(key)) * time.Second
}
