package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// wordFlagError says in ssh's words what pflag says in its own.
func wordFlagError(f *pflag.FlagSet, err error) *usageError {
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknownOption(f, e)
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usagef("option %s needs an argument", spelled(e.GetFlag()))
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usagef("option %s does not take %q", spelled(e.GetFlag()), e.GetValue())
	}
	return usagef("%s", strings.ToLower(err.Error()))
}

// elsewhere are names that other programs have for what is here, as in ssh, a
// letter.
var elsewhere = map[string]string{
	"P": "p", "port": "p", "u": "l", "user": "l", "login": "l", "username": "l",
	"identity": "i", "key": "i", "jump": "J", "config": "F", "option": "o",
	"verbose": "v", "debug": "v", "quiet": "q", "version": "V", "background": "f",
}

// unknownOption says which option may have been meant.
func unknownOption(f *pflag.FlagSet, e *pflag.NotExistError) *usageError {
	name := e.GetSpecifiedName()
	group := e.GetSpecifiedShortnames()
	if len(group) > 1 && f.Lookup(group) != nil {
		return &usageError{"unknown option -" + group, "a long option has two dashes: --" + group}
	}
	u := usagef("unknown option --%s", name)
	if group != "" {
		u = usagef("unknown option -%s", name)
	}
	if letter, ok := elsewhere[name]; ok {
		u.hint = "as in ssh it is -" + letter
	} else if near := nearOption(f, name); near != "" {
		u.hint = fmt.Sprintf("perhaps --%s; %s", near, u.hint)
	}
	return u
}

// nearOption returns the long option that a name is a slip for, or "".
func nearOption(f *pflag.FlagSet, name string) string {
	const most = 2 // letters that are wrong
	best, near := most+1, ""
	f.VisitAll(func(g *pflag.Flag) {
		if d := distance(name, g.Name); len(g.Name) > 2*most && d < best {
			best, near = d, g.Name
		}
	})
	return near
}

// distance is Levenshtein's: how many letters to add, remove or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left, above := i+1, row[0]
		row[0] = left
		for j := range len(b) {
			replaced := above
			if a[i] != b[j] {
				replaced++
			}
			above = row[j+1]
			left = min(replaced, above+1, left+1)
			row[j+1] = left
		}
	}
	return row[len(b)]
}
