package main

import (
	"slices"
	"strings"
)

// benchCase is a question, on the links where it matters.
type benchCase struct {
	name    string
	matters []string
	run     func(*scene) error
}

var cases = []benchCase{
	{"bulk", []string{loopback, "20ms", "50ms", "100ms", "200ms"}, (*scene).bulk},
	{"small", []string{loopback, "100ms"}, (*scene).small},
	{"parallel", []string{"50ms"}, (*scene).parallel},
	{"fair", []string{loopback, "50ms"}, (*scene).fair},
	{"stalled", []string{loopback, "50ms"}, (*scene).stalled},
	{"start", []string{loopback, "50ms"}, (*scene).startUp},
	{"idle", []string{loopback}, (*scene).idle},
}

func caseNames() []string {
	var names []string
	for _, c := range cases {
		names = append(names, c.name)
	}
	return names
}

// links are those that the options leave of the case's, or put in their place.
func (c benchCase) links(o options) []string {
	if o.cases != "" && !slices.Contains(strings.Split(o.cases, ","), c.name) {
		return nil
	}
	if o.links == "" {
		return c.matters
	}
	return strings.Split(o.links, ",")
}

// chosenLinks are the links that any case wants, each once.
func chosenLinks(o options) []string {
	var all []string
	for _, c := range cases {
		for _, link := range c.links(o) {
			if !slices.Contains(all, link) {
				all = append(all, link)
			}
		}
	}
	return all
}
