//go:build linux

package main

import (
	"fmt"
	"math"
)

// goal is a comparison of two series run by run, or a bound on one of them.
type goal struct {
	what  string
	of    key
	to    key // zero: of alone
	how   func(of, to measured) float64
	most  bool // the limit is an upper one
	limit float64
	unit  string // of the result; "×" for a ratio
}

// verdict is a goal and what was measured.
type verdict struct {
	goal
	spread
}

func (v verdict) met() bool {
	if v.most {
		return v.median <= v.limit
	}
	return v.median >= v.limit
}

// bound says the limit.
func (g goal) bound() string {
	sign := "≥"
	if g.most {
		sign = "≤"
	}
	return fmt.Sprintf("%s %s %s", sign, number(g.limit), g.unit)
}

func ratio(of, to measured) float64    { return of.value / to.value }
func cpuRatio(of, to measured) float64 { return of.cpu / to.cpu }
func over(of, to measured) float64     { return of.value - to.value }
func alone(of, _ measured) float64     { return of.value }

// atLeast is a goal for ftptunnel's rate in terms of a peer's.
func atLeast(limit float64, name, link, peer string) goal {
	return goal{
		what: fmt.Sprintf("%s, %s: ftptunnel to %s", name, link, peer),
		of:   key{name, link, ftptunnel}, to: key{name, link, peer},
		how: ratio, limit: limit, unit: "×",
	}
}

// goals are what the program has set itself.
func goals(o options) []goal {
	all := []goal{
		atLeast(1, "get", loopback, sshL),
		atLeast(1, "put", loopback, sshL),
		processorTime("get"),
		processorTime("put"),
		atLeast(0.9, "get", "50ms", direct),
		atLeast(0.9, "get", "100ms", direct),
		atLeast(5, "get", "50ms", sshL),
		atLeast(5, "get", "100ms", sshL),
		atLeast(1.9, "put", "50ms", sshL),
	}
	for _, f := range fetchers() {
		name := "small files, " + f.String()
		all = append(all, atLeast(1.6, name, "100ms", direct))
		ahead := atLeast(2.3, name, "100ms", direct)
		ahead.of.peer = prefetch
		ahead.what = fmt.Sprintf("%s, 100ms: %s to %s", name, prefetch, direct)
		all = append(all, ahead)
	}
	return append(all, other(o)...)
}

func processorTime(name string) goal {
	return goal{
		what: name + ", loopback: processor time per GB, ftptunnel to " + sshL,
		of:   key{name, loopback, ftptunnel}, to: key{name, loopback, sshL},
		how: cpuRatio, most: true, limit: 1.3, unit: "×",
	}
}

// other are the goals that are not about one client's speed.
func other(o options) []goal {
	all := []goal{fourToOne(ftptunnel), fourToOne(plain), {
		what: "idle session, memory",
		of:   key{fmt.Sprintf("%d idle sessions, each", o.idle), loopback, ftptunnel},
		how:  alone, most: true, limit: 64, unit: "KiB",
	}}
	for _, link := range []string{loopback, "50ms"} {
		all = append(all, goal{
			what: "eight downloads, " + link + ": fairness",
			of:   key{"eight at once, fairness", link, ftptunnel},
			how:  alone, limit: 0.9, unit: "Jain",
		}, goal{
			what: "four downloads, " + link + ": beside a stalled one to alone",
			of:   key{"4 at once, beside a stalled one", link, ftptunnel},
			to:   key{"4 at once, alone", link, ftptunnel},
			how:  ratio, limit: 0.9, unit: "×",
		}, goal{
			what: "start, " + link + ": ready after ssh host true",
			of:   key{"start", link, ftptunnel},
			to:   key{"start", link, "ssh host true"},
			how:  over, most: true, limit: 10, unit: "ms",
		})
	}
	return all
}

// throughJump is behind the names of series that go through a jump host.
const throughJump = " through ProxyJump"

func fourToOne(peer string) goal {
	return goal{
		what: "through ProxyJump, 50ms: four downloads to one, " + peer,
		of:   key{"4 at once" + throughJump, "50ms", peer},
		to:   key{"1 at once" + throughJump, "50ms", peer},
		how:  ratio, limit: 3.5, unit: "×",
	}
}

// judge compares what was measured with the goals. Runs are compared with
// those beside which they ran, so that a slow minute of the machine is one for
// both. What was not measured is left out.
func judge(o options, r *results) []verdict {
	var all []verdict
	for _, g := range goals(o) {
		of, to := r.find(g.of), r.find(g.to)
		if of == nil || g.to != (key{}) && to == nil {
			continue
		}
		var values []float64
		for i, m := range of.runs {
			other := measured{}
			if to != nil {
				other = to.runs[i]
			}
			if v := g.how(m, other); !math.IsNaN(v) && !math.IsInf(v, 0) {
				values = append(values, v)
			}
		}
		all = append(all, verdict{g, spreadOf(values)})
	}
	return all
}

// number prints three significant digits, and no fraction of large numbers.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
