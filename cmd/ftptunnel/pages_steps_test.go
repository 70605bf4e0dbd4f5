package main_test

import (
	"slices"
	"strconv"
	"strings"
)

// step is a command with what it is said to print.
type step struct {
	line    int
	host    string // where it is run; "" is the reader's own machine
	command string
	shown   []string
}

func (b *block) has(mark string) bool {
	_, ok := b.marks[mark]
	return ok
}

// number is the value of a mark, 0 without it.
func (b *block) number(mark string) int {
	n, _ := strconv.Atoi(b.marks[mark]) // judge has looked at it
	return n
}

func (b *block) script() bool { return b.lang == "sh" }

// seemsCommand reports whether a line is a command to the eye. A synopsis is
// none.
func seemsCommand(line string) bool {
	word, _, _ := strings.Cut(line, " ")
	return cronPattern.MatchString(line) || otherPrompt.MatchString(line) || slices.Contains(programs, word) && !synopsis.MatchString(line)
}

// steps are the commands of a block that is run.
func (b *block) steps() []step {
	switch {
	case b.has("not run") || b.has("file") || b.has("screen") || slices.Contains(textLanguages, b.lang):
		return nil
	case b.script():
		return []step{{line: b.line, command: strings.Join(b.lines, "\n")}}
	case b.has("crontab"):
		return b.cronSteps()
	}
	var steps []step
	for i := 0; i < len(b.lines); i++ {
		m := promptPattern.FindStringSubmatch(b.lines[i])
		if m == nil {
			if len(steps) > 0 && strings.TrimSpace(b.lines[i]) != "" {
				last := &steps[len(steps)-1]
				last.shown = append(last.shown, b.lines[i])
			}
			continue
		}
		s := step{line: b.line + i, host: m[1], command: m[2]}
		for strings.HasSuffix(s.command, `\`) && i+1 < len(b.lines) {
			i++
			s.command += "\n" + b.lines[i]
		}
		steps = append(steps, s)
	}
	return steps
}

func (b *block) cronSteps() []step {
	var steps []step
	for i, line := range b.lines {
		if m := cronPattern.FindStringSubmatch(line); m != nil {
			steps = append(steps, step{line: b.line + i, command: m[2]})
		}
	}
	return steps
}

// tunnels reports whether the command is said to print addresses, and how many.
func (s step) tunnels() int {
	n := 0
	for _, line := range s.shown {
		if !strings.Contains(s.command, " -- ") && strings.HasPrefix(line, "ftp://") {
			n++
		}
	}
	return n
}

// commands are the page's commands that are run.
func (p *page) commands() []string {
	var all []string
	if p.notRun != "" {
		return nil
	}
	for _, b := range p.blocks {
		for _, s := range b.steps() {
			all = append(all, s.command)
		}
	}
	return all
}
