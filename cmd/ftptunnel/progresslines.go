package main

import (
	"fmt"
	"strings"
	"time"

	"ftptunnel/ftpinspect"

	"github.com/mattn/go-runewidth"
)

// maxProgressLines bounds the live lines, on a terminal that has twice as many.
const maxProgressLines = 8

// sized is what has a size in columns and lines.
type sized interface{ size() (columns, lines int) }

// layOut makes the lines for transfers. The last column stays free: some
// terminals would wrap.
func layOut(all []*meter, now time.Time, on sized) []string {
	columns, height := on.size()
	width := columns - 1
	var due []*meter
	for _, m := range all {
		if m.due(now) {
			due = append(due, m)
		}
	}
	if width < leastWidth || len(due) == 0 {
		return nil
	}
	var lines []string
	room := max(1, min(maxProgressLines, height/2))
	for i, m := range due {
		if i == room-1 && len(due) > room {
			return append(lines, more(due, len(due)-i, width))
		}
		lines = append(lines, m.line(width))
	}
	return lines
}

// due reports whether a transfer has run for long enough to be shown.
func (m *meter) due(now time.Time) bool {
	after := progressAfter
	if ftpinspect.IsListing(m.Verb) {
		after = listingAfter
	}
	return now.Sub(m.Began) >= after
}

// more stands for the transfers that have no line of their own.
func more(all []*meter, n, width int) string {
	var rate float64
	for _, m := range all {
		rate += m.rate()
	}
	return runewidth.Truncate(fmt.Sprintf("and %d more, %s/s in all", n, amount(int64(rate))), width, "")
}

// line tells of a transfer in exactly so many columns.
func (m *meter) line(width int) string {
	end := m.figures(width)
	return fmt.Sprintf("%-3s ", m.doing()) + fitName(m.name(), width-4-len(end)) + end
}

// doing is what the client does, in the words of ftp(1).
func (m *meter) doing() string {
	switch {
	case ftpinspect.IsListing(m.Verb):
		return "ls"
	case m.Direction == ftpinspect.Upload:
		return "put"
	}
	return "get"
}

func (m *meter) name() string {
	switch {
	case m.Path != "":
		return escape(m.Path)
	case m.Verb == "STOU":
		return "a new file"
	}
	return "."
}

// Widths from which a line has all its figures, has no size but the bytes so
// far, has no bytes either if the size is known, and has percent alone. Below
// the last there is no line.
const (
	allWidth   = 71
	bytesWidth = 51
	rateWidth  = 31
	leastWidth = 18
)

// figures are the end of a line.
func (m *meter) figures(width int) string {
	bytes, rate := amount(m.Bytes), amount(int64(m.rate()))+"/s"
	if m.stalled() {
		rate = "stalled"
	}
	known := m.total() > 0
	var of, percent, left, leftWord string
	if known {
		of, percent = " of "+amount(m.Size), fmt.Sprintf("%d%%", int(float64(m.Bytes)/float64(m.Size)*100))
	}
	if d, ok := m.left(); ok {
		left, leftWord = clock(d), " left"
	}
	switch {
	case width >= allWidth:
		return fmt.Sprintf("  %8s%-12s  %4s  %10s  %6s%-5s", bytes, of, percent, rate, left, leftWord)
	case width >= bytesWidth:
		return fmt.Sprintf("  %8s  %4s  %10s  %6s", bytes, percent, rate, left)
	case width >= rateWidth && known:
		return fmt.Sprintf(" %4s %10s %6s", percent, rate, left)
	case width >= rateWidth:
		return fmt.Sprintf(" %12s %10s", bytes, rate)
	case known:
		return fmt.Sprintf(" %4s", percent)
	}
	return fmt.Sprintf(" %8s", bytes)
}

// fitName makes a name exactly so wide: without its folders if it is too wide,
// then without its middle, for its end often tells more.
func fitName(name string, width int) string {
	const gap = "..."
	if runewidth.StringWidth(name) > width {
		name = name[strings.LastIndexByte(strings.TrimRight(name, "/"), '/')+1:]
	}
	if have := runewidth.StringWidth(name); have > width {
		end := (width - len(gap)) / 2
		begin := width - len(gap) - end
		name = runewidth.Truncate(name, begin, "") + gap + runewidth.TruncateLeft(name, have-end, "")
	}
	return runewidth.FillRight(name, width)
}

// clock words the time left, in at most six columns.
func clock(d time.Duration) string {
	d = d.Round(time.Second)
	if d < time.Hour {
		return fmt.Sprintf("%d:%02d", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}
