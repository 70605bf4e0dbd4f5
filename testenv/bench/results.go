//go:build linux

package main

import "slices"

// key names a series of runs.
type key struct{ name, link, peer string }

// unit is what a series counts, and in which direction it is better.
type unit string

const (
	megabytes    unit = "MB/s"
	filesASecond unit = "files/s"
	milliseconds unit = "ms"
	kibibytes    unit = "KiB"
	jainIndex    unit = "Jain"
)

// measured is one run.
type measured struct {
	value float64
	cpu   float64 // s per GB; 0 if it was not observed
	peak  int64   // bytes; 0 if it was not observed
}

// series are the runs of one case over one link by one peer.
type series struct {
	key
	unit unit
	runs []measured
}

// results are all series, in the order in which they were begun.
type results struct{ all []*series }

func newResults() *results { return &results{} }

func (r *results) add(k key, u unit, m measured) {
	s := r.find(k)
	if s == nil {
		s = &series{key: k, unit: u}
		r.all = append(r.all, s)
	}
	s.runs = append(s.runs, m)
}

// find returns a series, or nil.
func (r *results) find(k key) *series {
	for _, s := range r.all {
		if s.key == k {
			return s
		}
	}
	return nil
}

func (s *series) values() []float64 {
	var all []float64
	for _, m := range s.runs {
		all = append(all, m.value)
	}
	return all
}

func (s *series) cpus() []float64 {
	var all []float64
	for _, m := range s.runs {
		if m.cpu > 0 {
			all = append(all, m.cpu)
		}
	}
	return all
}

// peak is the highest of the runs, in bytes.
func (s *series) peak() (highest int64) {
	for _, m := range s.runs {
		highest = max(highest, m.peak)
	}
	return highest
}

// spread is the median of some values, and their extremes.
type spread struct{ median, min, max float64 }

func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return spread{}
	}
	return spread{(sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[0], sorted[n-1]}
}
