package main

import (
	"os"
	"runtime"
	"sync"

	"github.com/vbauerster/mpb/v8/cwriter"
	"golang.org/x/term"
)

// screen is a terminal with live lines at its lower end: what is written to it
// comes out above them, whole. It is safe for concurrent use. A nil screen can be
// paused and resumed.
//
// It is the cursor of package mpb alone: mpb's own bars hold back what is
// written until they are drawn again, and cannot make way for a prompt.
type screen struct {
	file  *os.File
	owned func(*os.File) bool // foreground

	mu     sync.Mutex // guards what follows
	cursor *cwriter.Writer
	lines  []string // live, without line ends
	drawn  bool     // some stand on the terminal
	asking int      // prompts, which have the terminal for themselves
}

// newScreen returns standard error as a screen, or nil where live lines have no
// place: on anything but a terminal that can move its cursor, with -q, in json,
// in the background, and where the terminal is a command's or the output a report.
func newScreen(e env, o *options) *screen {
	f, ok := e.stderr.(*os.File)
	name := e.getenv("TERM")
	switch {
	case !ok || !term.IsTerminal(int(f.Fd())), name == "dumb", name == "" && runtime.GOOS != "windows":
		return nil
	case o.quiet, o.logFormat == "json", len(o.command) > 0, o.background, o.demo, o.checking, o.printing:
		return nil
	}
	return openScreen(f, foreground)
}

func openScreen(f *os.File, owned func(*os.File) bool) *screen {
	return &screen{file: f, owned: owned, cursor: cwriter.New(f)}
}

// Write writes whole lines above the live ones, in one write.
func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lines) == 0 || !s.ours() {
		return s.file.Write(b)
	}
	_, _ = s.cursor.Write(b) // it is a buffer
	return len(b), s.draw()
}

// show replaces the live lines, unless a prompt has the terminal or another
// program has.
func (s *screen) show(lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replace(lines)
}

// replace is show for who holds mu.
func (s *screen) replace(lines []string) {
	if s.asking > 0 || !s.ours() || len(lines)+len(s.lines) == 0 {
		return
	}
	s.lines = lines
	_ = s.draw() // a terminal that is gone has nobody to tell
}

// draw writes what waits for the cursor, and the live lines. It leaves the
// cursor below them; the next one begins by going back, from the first column:
// what a user has typed meanwhile, as ^C, has moved it.
func (s *screen) draw() error {
	if s.drawn {
		_, _ = s.file.WriteString("\r")
	}
	s.drawn = len(s.lines) > 0
	for _, l := range s.lines {
		_, _ = s.cursor.WriteString(l + "\n")
	}
	return s.cursor.Flush(len(s.lines))
}

// ours reports whether the terminal is not another program's, as it is when
// this one is in the background. Then nobody knows where the live lines are.
func (s *screen) ours() bool {
	if s.owned(s.file) {
		return true
	}
	s.leave()
	return false
}

// leave has the live lines stay where they are.
func (s *screen) leave() {
	s.lines, s.drawn = nil, false
	s.cursor.Reset()
}

// resumed says that the program was stopped, and others have used the terminal.
func (s *screen) resumed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave()
}

// pause makes way for a prompt, until resume.
func (s *screen) pause() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replace(nil)
	s.asking++
}

func (s *screen) resume() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asking--
}

// size returns the terminal's columns and lines; 80 and 24 if it does not know.
func (s *screen) size() (columns, lines int) {
	columns, lines, err := s.cursor.GetTermSize()
	if err != nil || columns <= 0 || lines <= 0 {
		return 80, 24
	}
	return columns, lines
}
