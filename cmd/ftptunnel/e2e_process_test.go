//go:build unix

package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// readyTimeout bounds the time from the start of the program to its line, on
// a machine with much else to do.
const readyTimeout = time.Minute

// buildProgram builds the program as a user would, with the race detector if
// asked for, and returns its path.
func buildProgram(t *testing.T, race bool) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ftptunnel")
	args := []string{"build", "-o", path}
	if race {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	return path
}

// tunnelProcess is the program, running in forward mode.
type tunnelProcess struct {
	cmd    *exec.Cmd
	addr   *url.URL // what its line said
	stderr *lockedBuffer
	rest   chan string // what it printed after its line, once it has ended
}

// lockedBuffer is a buffer that can be looked into while it is written to.
type lockedBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// startProgram runs the program in forward mode and returns when it has
// printed its line. When the test ends it is asked to stop, and has to have
// printed that line alone and to exit with 0.
func startProgram(t *testing.T, path string, args ...string) *tunnelProcess {
	t.Helper()
	p := launchProgram(t, path, args...)
	t.Cleanup(func() {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("ftptunnel: %v", err)
		}
		if rest := <-p.rest; rest != "" {
			t.Errorf("after its line it printed %q", rest)
		}
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("after SIGTERM: %v", err)
		}
		p.log(t)
	})
	return p
}

// launchProgram is startProgram without the end.
func launchProgram(t *testing.T, path string, args ...string) *tunnelProcess {
	t.Helper()
	p := &tunnelProcess{
		cmd:    exec.Command(path, args...),
		stderr: &lockedBuffer{},
		rest:   make(chan string, 1),
	}
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make(chan string, 1)
	go readOutput(stdout, line, p.rest)
	select {
	case text := <-line:
		p.addr, err = url.Parse(strings.TrimSuffix(text, "\n"))
		if err == nil && p.addr.Scheme == "ftp" && p.addr.Port() != "" {
			return p
		}
		_ = p.cmd.Process.Kill()
		t.Fatalf("it printed %q; on standard error:\n%s", text, p.stderr)
	case <-time.After(readyTimeout):
		_ = p.cmd.Process.Kill()
		t.Fatalf("it is not ready after %v; on standard error:\n%s", readyTimeout, p.stderr)
	}
	return nil
}

// readOutput hands over the first line of r, and all the rest at its end.
func readOutput(r io.Reader, first, rest chan<- string) {
	var line []byte
	one := make([]byte, 1)
	for {
		n, err := r.Read(one)
		line = append(line, one[:n]...)
		if err != nil || n == 1 && one[0] == '\n' {
			break
		}
	}
	first <- string(line)
	more, _ := io.ReadAll(r)
	rest <- string(more)
}

// log shows what the program told if the test failed, and fails it if the race
// detector spoke.
func (p *tunnelProcess) log(t *testing.T) {
	t.Helper()
	text := p.stderr.String()
	if strings.Contains(text, "DATA RACE") {
		t.Error("the race detector found a race")
	}
	if t.Failed() {
		t.Logf("ftptunnel printed:\n%s", text[max(0, len(text)-2_000_000):])
	}
}

// site is where clients find a server through the program.
func (p *tunnelProcess) site(t *testing.T, s *daemons.FTPServer) clients.Site {
	t.Helper()
	port, err := strconv.Atoi(p.addr.Port())
	if err != nil {
		t.Fatal(err)
	}
	return clients.Site{Host: p.addr.Hostname(), Port: port, User: s.User, Password: s.Password}
}

// descriptors counts the open files of the program.
func (p *tunnelProcess) descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil {
		t.Skipf("no list of open files on %s: %v", runtime.GOOS, err)
	}
	return len(entries)
}

// peakMemory is the most memory that the program has held so far, in bytes.
func (p *tunnelProcess) peakMemory(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Skipf("no memory figures on %s: %v", runtime.GOOS, err)
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	t.Fatalf("no VmHWM in:\n%s", text)
	return 0
}

// goroutines ends the program by SIGQUIT, at which Go prints them all, and
// counts those that run code of the project.
func (p *tunnelProcess) goroutines(t *testing.T) (count int, dump string) {
	t.Helper()
	before := len(p.stderr.String())
	if err := p.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	<-p.rest
	_ = p.cmd.Wait() // it ends with 2
	var ours []string
	for block := range strings.SplitSeq(p.stderr.String()[before:], "\n\n") {
		if strings.HasPrefix(block, "goroutine ") && strings.Contains(block, "ftptunnel/") {
			ours = append(ours, block)
		}
	}
	if len(ours) == 0 {
		t.Fatalf("no goroutines in:\n%s", p.stderr)
	}
	return len(ours), strings.Join(ours, "\n\n")
}
