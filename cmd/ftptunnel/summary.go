package main

import (
	"fmt"
	"strings"
	"sync"

	"ftptunnel/ftpinspect"
	"ftptunnel/tunnel"
)

// tally counts what a run has carried. It is safe for concurrent use.
type tally struct {
	mu    sync.Mutex // guards total
	total totals
}

// totals are the figures of a tally.
type totals struct {
	sessions int
	files    int   // passed on whole; listings are none
	bytes    int64 // of those files
	cut      int   // transfers and listings, but for what clients have aborted
	missing  int   // of those, that no later one has made good
}

// count takes an event into account.
func (t *tally) count(e tunnel.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := e.(type) {
	case tunnel.SessionStarted:
		t.total.sessions++
	case tunnel.TransferEnded:
		switch r := result(e); {
		case r == resultCut:
			t.total.cut++
		case r == resultComplete && !ftpinspect.IsListing(e.Verb):
			t.total.files++
			t.total.bytes += e.Bytes
		}
	}
}

// fields returns the figures for the event.
func (t totals) fields() []any {
	return []any{"sessions", t.sessions, "files", t.files, "bytes", t.bytes, "cut", t.cut, "missing", t.missing}
}

func (t totals) String() string {
	parts := []string{number(t.sessions, "session"), number(t.files, "file"), byteCount(t.bytes)}
	if t.cut > 0 {
		parts = append(parts, number(t.cut, "transfer")+" cut")
		if t.missing == 0 {
			parts = append(parts, "completed since")
		} else {
			parts = append(parts, fmt.Sprintf("%d not completed since", t.missing))
		}
	}
	return strings.Join(parts, ", ")
}

// number words how many there are of something.
func number(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}

// summarize tells what a run in forward mode has carried: aloud only if
// something was cut.
func (p *program) summarize(services []*service) {
	p.tally.mu.Lock()
	total := p.tally.total
	p.tally.mu.Unlock()
	for _, s := range services {
		total.missing += len(s.tunnel.Cut())
	}
	level := levelInfo
	if total.cut > 0 {
		level = levelWarn
	}
	p.log.log(level, "summary", "in all "+total.String(), total.fields()...)
}
