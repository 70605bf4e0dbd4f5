package main_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// How README.md and docs/*.md are written, so that TestPages can run them.
//
// A code block is indented by four spaces or fenced. What stands behind a
// prompt, "$ " or "gate$ ", is a command: it is run by bash, here or on the host
// that the prompt names, and what stands under it has to be among what it
// prints, in that order, where "…" stands for anything and a number for any
// number. A command that prints an ftp:// address is a tunnel, which runs until
// the next one is started or the page ends. Blocks fenced as sh are scripts.
//
// A comment directly above a block says what else it is:
//
//	<!-- not run: REASON -->  it cannot be executed
//	<!-- file: PATH -->       it is put into that file, in the home folder
//	<!-- crontab -->          its lines are run as cron would, once
//	<!-- typed: TEXT -->      its commands read that line
//	<!-- status: N -->        its last command ends with that status
//	<!-- stays: PORT -->      its last command listens on that port, and runs on
//	                          as a tunnel does
//	<!-- screen: NAME -->     another test writes it, see holdPage
//
// <!-- not run on this page: REASON --> anywhere is for every block of a page.

// page is a page of the documentation.
type page struct {
	name     string
	text     string
	notRun   string // why nothing on it is run
	blocks   []*block
	problems []string
}

// block is a code block.
type block struct {
	line  int    // of the page, where its first line stands
	lang  string // that its fence names
	lines []string
	marks map[string]string // the comments above it
}

var (
	markPattern   = regexp.MustCompile(`^<!-- ([a-z ]+?)(?:: *(.*?))? *-->$`)
	promptPattern = regexp.MustCompile(`^([a-z]*)\$ (.*)`)
	otherPrompt   = regexp.MustCompile(`^(?:[A-Za-z]:\\|PS |ftp> |# [a-z]+ -)|^[a-z]+\.(?:exe|com)\b`)
	synopsis      = regexp.MustCompile(`\[options\]|\[arg\.\.\.\]`)
	cronPattern   = regexp.MustCompile(`^((?:[0-9*/,-]+ +){4}[0-9*/,a-z-]+|@[a-z]+) +([^ ].*)`)
)

// markValues says of each mark whether it has a value.
var markValues = map[string]bool{
	"not run": true, "file": true, "crontab": false, "typed": true, "status": true, "stays": true, "screen": true,
}

// textLanguages are those of fences whose blocks nobody executes.
var textLanguages = []string{"text", "json", "ini", "yaml", "conf", "diff"}

// programs begin a command even where no prompt says so.
var programs = strings.Fields(`ftptunnel curl wget lftp ncftp ncftpget ncftpput rclone sftp scp ssh rsync
	ssh-keygen python python3 java go make git man sh bash sed jq mv cat eval export crontab sudo systemctl
	journalctl systemd-analyze apt apt-get dpkg rpm dnf yum apk brew docker podman buildah kubectl ftp`)

// parsePage reads a page. What is wrong with it is in problems.
func parsePage(name, text string) *page {
	p := &page{name: name, text: text}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	marks, marked := map[string]string{}, 0
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if strings.HasPrefix(line, "<!-- ") {
			p.readMark(i+1, line, marks)
			marked = i + 1
			continue
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		b, next := readBlock(lines, i)
		if b == nil && len(marks) > 0 {
			p.problem(marked, "a mark, and no block under it")
		}
		if b != nil {
			b.marks = marks
			p.blocks = append(p.blocks, b)
			i = next - 1
		}
		marks = map[string]string{}
	}
	if len(marks) > 0 {
		p.problem(marked, "a mark, and no block under it")
	}
	for _, b := range p.blocks {
		p.judge(b)
	}
	return p
}

func (p *page) problem(line int, format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf("%s:%d: %s", p.name, line, fmt.Sprintf(format, args...)))
}

// readMark reads a comment.
func (p *page) readMark(line int, text string, marks map[string]string) {
	m := markPattern.FindStringSubmatch(text)
	switch {
	case strings.HasPrefix(text, "<!-- written by "): // which tool has written what follows
	case m == nil:
		p.problem(line, "a comment that is no mark: %s", text)
	case m[1] == "not run on this page" && m[2] != "":
		p.notRun = m[2]
	default:
		valued, known := markValues[m[1]]
		if !known || valued != (m[2] != "") {
			p.problem(line, "no such mark, or one without its value: %s", text)
		}
		marks[m[1]] = m[2]
	}
}

// readBlock reads the block that begins with a line, if one does, and returns
// the number of the line behind it.
func readBlock(lines []string, first int) (*block, int) {
	if fence, ok := strings.CutPrefix(lines[first], "```"); ok {
		b := &block{line: first + 2, lang: strings.TrimSpace(fence)}
		i := first + 1
		for ; i < len(lines) && lines[i] != "```"; i++ {
			b.lines = append(b.lines, lines[i])
		}
		return b, i + 1
	}
	b := &block{line: first + 1}
	i := first
	for ; i < len(lines) && (strings.HasPrefix(lines[i], "    ") || strings.TrimSpace(lines[i]) == ""); i++ {
		b.lines = append(b.lines, strings.TrimPrefix(lines[i], "    "))
	}
	if i == first || first > 0 && strings.TrimSpace(lines[first-1]) != "" && !strings.HasPrefix(lines[first-1], "<!--") {
		return nil, first + 1
	}
	for len(b.lines) > 0 && strings.TrimSpace(b.lines[len(b.lines)-1]) == "" {
		b.lines = b.lines[:len(b.lines)-1]
	}
	return b, i
}

// judge finds blocks that are neither run nor marked.
func (p *page) judge(b *block) {
	for _, mark := range []string{"status", "stays"} {
		if _, err := strconv.Atoi(b.marks[mark]); b.has(mark) && err != nil {
			p.problem(b.line, "a %s that is no number: %s", mark, b.marks[mark])
		}
	}
	if b.has("file") && slices.ContainsFunc(b.lines, promptPattern.MatchString) {
		p.problem(b.line, "a file with a prompt in it: it needs words between it and the next block")
	}
	if p.notRun != "" || b.has("not run") || b.has("file") || b.has("screen") || b.script() || slices.Contains(textLanguages, b.lang) {
		return
	}
	if b.has("crontab") {
		for i, line := range b.lines {
			if !cronPattern.MatchString(line) {
				p.problem(b.line+i, "no line of a crontab: %s", line)
			}
		}
		return
	}
	if b.lang != "" && b.lang != "console" {
		p.problem(b.line, "a block of %s that is neither marked as a file nor as not run", b.lang)
		return
	}
	if b.steps() != nil {
		return
	}
	for i, line := range b.lines {
		if seemsCommand(line) {
			p.problem(b.line+i, "a command without a prompt, and no mark: %s", line)
		}
	}
}
