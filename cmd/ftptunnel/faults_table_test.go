//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
)

// table collects verdicts and prints them when the test has ended, if the
// environment asks for that: make faults and make attacks do.
type table struct {
	rows, columns []string

	mu    sync.Mutex
	cells map[[2]string]string // guarded by mu
}

func newTable(columns ...string) *table {
	return &table{columns: columns, cells: map[[2]string]string{}}
}

// row adds a row, in the order of the calls.
func (b *table) row(name string) { b.rows = append(b.rows, name) }

func (b *table) set(row, column, verdict string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cells[[2]string{row, column}] = verdict
}

func (b *table) print(w io.Writer, title string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "\n%s\t%s\n", title, strings.Join(b.columns, "\t"))
	for _, row := range b.rows {
		fmt.Fprint(t, row)
		for _, column := range b.columns {
			fmt.Fprint(t, "\t", b.cells[[2]string{row, column}])
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}

// fullForm tells that a table was asked for by name: make faults, make attacks
// and make soak set FTPTUNNEL_FAULTS, _ATTACKS and _SOAK.
func fullForm(name string) bool { return os.Getenv("FTPTUNNEL_"+name) != "" }

// atOnce runs functions, so many at a time. It is for tests that mostly wait,
// which t.Parallel would run no more of at once than there are processors.
func atOnce(most int, all []func()) {
	slots := make(chan struct{}, most)
	var wg sync.WaitGroup
	for _, f := range all {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			f()
		})
	}
	wg.Wait()
}

// cellsAtOnce are run together: they wait for timers and paced data.
const cellsAtOnce = 24

// Whatever breaks, while the client does whatever, in whichever mode: the
// client sees an error and never success, nothing hangs, the next client is
// served, the log has a line, the exit code says so.
func TestFaults(t *testing.T) {
	verdicts := newTable(modes...)
	var all []func()
	for _, f := range embeddedFaults {
		for _, action := range actions {
			row := f.name + " × " + action
			verdicts.row(row)
			for _, mode := range modes {
				all = append(all, func() {
					t.Run(strings.ReplaceAll(row+" × "+mode, " ", "_"), func(t *testing.T) {
						verdicts.set(row, mode, embeddedCell(t, f, action, mode))
					})
				})
			}
		}
	}
	atOnce(cellsAtOnce, all)
	if fullForm("FAULTS") {
		verdicts.print(os.Stdout, "embedded servers")
	}
}

// embeddedCell plays one cell and returns its verdict.
func embeddedCell(t *testing.T, f fault, action, mode string) string {
	c := &cell{fault: f, action: action, mode: mode}
	if !c.applies() {
		return "nothing to break"
	}
	c.scene = newScene(t)
	c.run = start(t, true, c.args()...)
	err := c.play()
	if err == nil {
		err = c.judge()
	}
	for _, check := range []func() error{c.next, c.gone, c.judgeExit, c.judgeLog} {
		if err == nil {
			err = check()
		}
	}
	if err != nil {
		t.Errorf("%v\nthe client has seen: %v\nlog:\n%s", err, c.seen, c.run.log)
		return "FAIL " + c.seen.String()
	}
	return "ok " + c.seen.String()
}
