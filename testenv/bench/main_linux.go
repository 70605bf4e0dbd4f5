package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ftptunnel/testenv/netlab"
)

func main() { os.Exit(run()) }

// options are the command line.
type options struct {
	cases, links        string
	runs                int
	bulk, long, several int64 // sizes in MiB
	files, idle         int
	quick               bool
	program             string
	benchfmt, docs      string
}

func parse() options {
	var o options
	flag.StringVar(&o.cases, "case", "", "cases to run, separated by commas: "+strings.Join(caseNames(), ", ")+" (default all)")
	flag.StringVar(&o.links, "link", "", "links to run them on: loopback, 20ms, 50ms, … (default what each case is about)")
	flag.IntVar(&o.runs, "runs", 5, "runs of each")
	flag.Int64Var(&o.bulk, "bulk", 1024, "`MiB` of a transfer on loopback")
	flag.Int64Var(&o.long, "long", 256, "`MiB` of a transfer on a link; what the window of SSH holds back moves half to an eighth")
	flag.Int64Var(&o.several, "several", 192, "`MiB` of each of several parallel transfers")
	flag.IntVar(&o.files, "files", 200, "small files")
	flag.IntVar(&o.idle, "idle", 1000, "idle sessions")
	flag.BoolVar(&o.quick, "quick", false, "two runs with small sizes: the figures mean little")
	flag.StringVar(&o.program, "ftptunnel", "", "the program to measure (default: built from this module)")
	flag.StringVar(&o.benchfmt, "benchfmt", "", "write every run to this `file`, for benchstat")
	flag.StringVar(&o.docs, "docs", "", "replace the marked section of this `file`, and the plot beside it")
	flag.Parse()
	if o.quick {
		o.runs, o.bulk, o.long, o.several, o.files, o.idle = 2, 256, 64, 24, 25, 200
	}
	return o
}

func run() int {
	o := parse()
	if err := possible(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	quietly()
	results, err := measure(ctx, o)
	if err == nil {
		err = report(o, results)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

// possible tells at once what would be found out at the end.
func possible(o options) error {
	if o.docs != "" {
		if _, _, err := aroundSection(o.docs); err != nil {
			return err
		}
	}
	return netlab.LinkAvailable()
}

// quietly keeps this process from disturbing what it measures: it collects
// garbage rarely, and may have many idle connections open.
func quietly() {
	debug.SetGCPercent(400)
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil {
		files.Cur = files.Max
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &files)
	}
	// What is moved lies in memory where that is possible: the disk is not
	// what is measured.
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() && os.Getenv("TMPDIR") == "" {
		_ = os.Setenv("TMPDIR", "/dev/shm")
	}
}

// measure runs the chosen cases, link by link.
func measure(ctx context.Context, o options) (results *results, err error) {
	lab := &lab{ctx: ctx, options: o, results: newResults()}
	defer lab.close(&err)
	lab.build()
	for _, link := range chosenLinks(o) {
		var s *scene
		for _, c := range cases {
			if !slices.Contains(c.links(o), link) {
				continue
			}
			if s == nil {
				s = lab.newScene(link)
			}
			fmt.Fprintf(os.Stderr, "bench: %s %s: %s\n", time.Now().Format(time.TimeOnly), link, c.name)
			if err := c.run(s); err != nil {
				return nil, fmt.Errorf("%s %s: %w", link, c.name, err)
			}
		}
		lab.endScene()
	}
	return lab.results, nil
}
