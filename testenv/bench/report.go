//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// report prints the tables, and writes the files that the options ask for.
func report(o options, r *results) error {
	about := machine()
	verdicts := judge(o, r)
	var text bytes.Buffer
	writeAbout(&text, about, o)
	writeVerdicts(&text, verdicts)
	writeSeries(&text, r)
	if _, err := os.Stdout.Write(text.Bytes()); err != nil {
		return err
	}
	if o.benchfmt != "" {
		var lines bytes.Buffer
		writeBenchfmt(&lines, about, r)
		if err := os.WriteFile(o.benchfmt, lines.Bytes(), 0o644); err != nil {
			return err
		}
	}
	if o.docs == "" {
		return nil
	}
	plot := strings.TrimSuffix(o.docs, filepath.Ext(o.docs)) + ".svg"
	if err := os.WriteFile(plot, drawPlot(r), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(&text, "\n![Rates by link and by client](%s)\n", filepath.Base(plot))
	return replaceSection(o.docs, text.Bytes())
}

func writeAbout(w io.Writer, about []fact, o options) {
	fmt.Fprintf(w, "%d runs of each, in turn, %d of single transfers on loopback; median (minimum to maximum).\n\n",
		o.runs, o.runs*loopbackTimes)
	for _, f := range about {
		fmt.Fprintf(w, "- %s: %s\n", f.name, f.value)
	}
	fmt.Fprintf(w, "- sizes: %d MiB on loopback; on links %d MiB, half to an eighth for what the window of SSH holds back; "+
		"%d MiB for each of several; %d small files of 1 KiB\n\n", o.bulk, o.long, o.several, o.files)
}

func writeVerdicts(w io.Writer, verdicts []verdict) {
	fmt.Fprint(w, "| goal | measured | limit | |\n| --- | --- | --- | --- |\n")
	for _, v := range verdicts {
		mark := "met"
		if !v.met() {
			mark = "**short**"
		}
		fmt.Fprintf(w, "| %s | %s %s | %s | %s |\n", v.what, v.spread, v.unit, v.bound(), mark)
	}
	fmt.Fprintln(w)
}

func writeSeries(w io.Writer, r *results) {
	fmt.Fprint(w, "| case | link | program | rate | CPU s/GB | peak MiB |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, s := range r.all {
		cpu, peak := "", ""
		if all := s.cpus(); len(all) > 0 {
			cpu = number(spreadOf(all).median)
		}
		if s.peak() > 0 {
			peak = number(float64(s.peak()) / mib)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s %s | %s | %s |\n", s.name, s.link, s.peer, spreadOf(s.values()), s.unit, cpu, peak)
	}
}

func (s spread) String() string {
	return fmt.Sprintf("%s (%s to %s)", number(s.median), number(s.min), number(s.max))
}

// writeBenchfmt writes every run in the format of Go's benchmarks
// (golang.org/design/14313-benchmark-format).
func writeBenchfmt(w io.Writer, about []fact, r *results) {
	fmt.Fprintf(w, "goos: %s\ngoarch: %s\npkg: ftptunnel\n", runtime.GOOS, runtime.GOARCH)
	for _, f := range about {
		fmt.Fprintf(w, "%s: %s\n", strings.ReplaceAll(f.name, " ", "-"), f.value)
	}
	fmt.Fprintln(w)
	name := strings.NewReplacer(" ", "-", ",", "")
	for _, s := range r.all {
		for _, m := range s.runs {
			fmt.Fprintf(w, "BenchmarkFTP/case=%s/link=%s/peer=%s 1 %.6g %s",
				name.Replace(s.key.name), s.link, name.Replace(s.peer), m.value, s.unit)
			if m.cpu > 0 {
				fmt.Fprintf(w, " %.6g cpu-s/GB", m.cpu)
			}
			if m.peak > 0 {
				fmt.Fprintf(w, " %d peak-B", m.peak)
			}
			fmt.Fprintln(w)
		}
	}
}

// The lines of a page between which the report stands.
const (
	sectionBegin = "<!-- written by testenv/bench: begin -->\n"
	sectionEnd   = "<!-- written by testenv/bench: end -->\n"
)

// replaceSection puts text between the marks of a page.
func replaceSection(name string, text []byte) error {
	before, after, err := aroundSection(name)
	if err != nil {
		return err
	}
	parts := [][]byte{before, []byte(sectionBegin + "\n"), text, []byte("\n" + sectionEnd), after}
	return os.WriteFile(name, bytes.Join(parts, nil), 0o644)
}

// aroundSection returns what stands before and after the marks of a page.
func aroundSection(name string) (before, after []byte, err error) {
	page, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	before, rest, begins := bytes.Cut(page, []byte(sectionBegin))
	_, after, ends := bytes.Cut(rest, []byte(sectionEnd))
	if !begins || !ends {
		return nil, nil, errors.New(name + " has no marked section")
	}
	return before, after, nil
}
