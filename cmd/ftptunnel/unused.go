package main

import (
	"slices"
	"strings"
)

// tellUnused says that the command has not come to the tunnel, if it was not
// told where that is: a placeholder that is misspelt, or eaten by a shell, else
// shows only in the words of the client.
func (p *program) tellUnused(status int) {
	p.tally.mu.Lock()
	sessions := p.tally.total.sessions
	p.tally.mu.Unlock()
	around := func(a string) bool { return strings.Contains(a, "ftp://") }
	if sessions > 0 || p.toldWhere() || status == exitOK && !slices.ContainsFunc(p.command, around) {
		return
	}
	p.log.log(levelWarn, "unused", "the command did not connect to the tunnel",
		fieldHint, "{url}, {addr}, {host} and {port} in its arguments are replaced by where the tunnel is, as in: -- curl {url}/")
}

// toldWhere reports whether the command line passes on where the tunnel is.
func (p *program) toldWhere() bool {
	return slices.ContainsFunc(p.command[1:], func(a string) bool {
		return place{}.fills(a) || strings.Contains(a, "FTPTUNNEL_")
	})
}
