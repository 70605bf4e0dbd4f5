package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// leftBehind is an ftptunnel that has gone into the background. Its log is a
// named pipe, whose end is the end of the process.
type leftBehind struct {
	log     *lines
	ended   chan struct{}
	process *os.Process
}

// lines is what was written, for whoever waits for a part of it.
type lines struct {
	added chan string // its capacity holds a log
	text  strings.Builder
}

// await returns what the pattern's group matches, once it does.
func (l *lines) await(pattern string) (string, error) {
	deadline := time.After(scriptTimeout)
	for {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(l.text.String()); m != nil {
			return m[1], nil
		}
		select {
		case s := <-l.added:
			l.text.WriteString(s)
		case <-deadline:
			return "", fmt.Errorf("no %s in %q", pattern, l.text.String())
		}
	}
}

// openLogPipe makes a named pipe for -E: logpipe log.
func openLogPipe(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	ts.Check(exec.Command("mkfifo", path).Run())
	b := &leftBehind{log: &lines{added: make(chan string, 1000)}, ended: make(chan struct{})}
	networkOf(ts).behind = b
	go func() {
		defer close(b.ended)
		f, err := os.Open(path) // waits for a writer
		if err != nil {
			return
		}
		defer f.Close()
		buf := make([]byte, 4096)
		for {
			n, err := f.Read(buf)
			b.log.added <- string(buf[:n])
			if err == io.EOF {
				return
			}
		}
	}()
	ts.Defer(func() { b.abandon(path) })
}

// abandon ends what a script that has failed left running.
func (b *leftBehind) abandon(path string) {
	select {
	case <-b.ended:
		return
	default:
	}
	if b.process != nil {
		_ = b.process.Kill()
	}
	if f, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
		f.Close() // the reader may still wait for a writer
	}
	<-b.ended
}

// findBehind is called when ftptunnel -f has ended: URL and ADDR are what it
// has printed, and BEHIND is the process it has left.
func findBehind(ts *testscript.TestScript, _ bool, _ []string) {
	b := networkOf(ts).behind
	pid, err := b.log.await(`in the background as process (\d+)\n`)
	ts.Check(err)
	number, err := strconv.Atoi(pid)
	ts.Check(err)
	b.process, err = os.FindProcess(number)
	ts.Check(err)
	url := strings.TrimSuffix(ts.ReadFile("stdout"), "\n")
	ts.Setenv("BEHIND", pid)
	ts.Setenv("URL", url)
	ts.Setenv("ADDR", strings.TrimPrefix(url, "ftp://"))
}

// awaitTold waits for a pattern with a group in the log: told '(reopened) '.
func awaitTold(ts *testscript.TestScript, _ bool, args []string) {
	_, err := networkOf(ts).behind.log.await(args[0])
	ts.Check(err)
}

// endBehind asks the process in the background to stop and waits for its end:
// end. Its log is then in behind.err.
func endBehind(ts *testscript.TestScript, _ bool, _ []string) {
	b := networkOf(ts).behind
	ts.Check(b.process.Signal(syscall.SIGTERM))
	select {
	case <-b.ended:
	case <-time.After(scriptTimeout):
		ts.Fatalf("the process behind does not end; its log: %s", b.log.text.String())
	}
	for len(b.log.added) > 0 {
		b.log.text.WriteString(<-b.log.added)
	}
	ts.Check(os.WriteFile(ts.MkAbs("behind.err"), []byte(b.log.text.String()), 0o600))
}
