//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// keepalive makes a silent SSH server known after four seconds at most.
var keepalive = []string{"-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2"}

// hangLimit is how long a client may be left without an error. The keepalive
// takes four seconds; the rest is for a machine with much else to do.
const hangLimit = 30 * time.Second

// testTimeout bounds waits for what must happen.
const testTimeout = 90 * time.Second

// running is the program in this process, serving clients.
type running struct {
	t     testing.TB
	addr  string // where clients connect
	log   *tap
	out   *bufio.Reader
	stdin *os.File // of the wrapped command, which ends with it; nil without one
	stop  context.CancelFunc
	ended chan struct{} // closed when the program has returned code
	code  int
}

// waitingCommand is what the program wraps: it says where the FTP server is and
// succeeds when its standard input ends.
var waitingCommand = []string{"--", "sh", "-c", `echo "$FTPTUNNEL_URL"; exec cat >/dev/null`}

// start runs the program with the options and operands, which are followed by
// waitingCommand if it is to wrap one, and returns when it is ready. Its log is
// json at -v unless the options say more.
func start(t testing.TB, wrapping bool, args ...string) *running {
	t.Helper()
	r := &running{t: t, log: newTap(), ended: make(chan struct{})}
	args = append([]string{"--log-format", "json", "-v", "--batch"}, args...)
	out, stdout := pipe(t)
	e := env{
		args: args, stdin: strings.NewReader(""), stdout: stdout, stderr: r.log,
		getenv: func(string) string { return "" }, environ: os.Environ, home: t.TempDir(),
	}
	if wrapping {
		e.args = append(args, waitingCommand...)
		e.stdin, r.stdin = pipe(t)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() {
		defer close(r.ended)
		r.code = run(ctx, e)
		stdout.Close()
	}()
	t.Cleanup(func() { r.end() })
	r.out = bufio.NewReader(out)
	r.addr = r.nextAddr()
	return r
}

// nextAddr reads where the next forward is.
func (r *running) nextAddr() string {
	r.t.Helper()
	url, err := r.out.ReadString('\n')
	if err != nil {
		r.t.Fatalf("the program was not ready:\n%s", r.log)
	}
	return strings.TrimPrefix(strings.TrimSpace(url), "ftp://")
}

// pipe returns a pipe that is closed with the test.
func pipe(t testing.TB) (from, to *os.File) {
	t.Helper()
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { from.Close(); to.Close() })
	return from, to
}

// end has the program come to its end and returns its exit code.
func (r *running) end() int {
	if r.stdin != nil {
		r.stdin.Close()
	} else {
		r.stop()
	}
	select {
	case <-r.ended:
		r.stop()
		return r.code
	case <-time.After(testTimeout):
		r.t.Errorf("the program does not end; its log:\n%s", r.log)
		r.stop()
		return -1
	}
}

// record is one line of the json log.
type record struct {
	Level, Event, Message, Hint, Error string

	Session                uint64
	Verb, Path, Direction  string
	Bytes                  int64
	Code                   int
	Reply, Reason, Target  string
	Aborted                bool
	Peer, Before, After    string
	From, Detail           string
	ClientMode, ServerMode string
}

// tap is a log that can be searched and waited for.
type tap struct {
	mu      sync.Mutex
	changed chan struct{} // closed at a change; guarded by mu
	raw     bytes.Buffer  // guarded by mu
	partial []byte        // guarded by mu
	records []record      // guarded by mu
	most    int           // records kept; 0 is all; guarded by mu
	strange []string      // lines that are no json; guarded by mu
}

func newTap() *tap { return &tap{changed: make(chan struct{})} }

// Write takes some of the log.
func (l *tap) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.raw.Write(p)
	l.partial = append(l.partial, p...)
	for {
		line, rest, ok := bytes.Cut(l.partial, []byte("\n"))
		if !ok {
			break
		}
		l.partial = rest
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			l.strange = append(l.strange, string(line))
		}
		l.records = append(l.records, r)
	}
	close(l.changed)
	l.changed = make(chan struct{})
	if l.most > 0 && len(l.records) > l.most {
		l.records, l.strange = nil, nil
		l.raw.Reset()
	}
	return len(p), nil
}

func (l *tap) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.raw.String()
}

// forgetful has the log kept no longer than so many records.
func (l *tap) forgetful(records int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.most = records
}

// all returns the records of an event.
func (l *tap) all(event string) []record {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []record
	for _, r := range l.records {
		if r.Event == event {
			found = append(found, r)
		}
	}
	return found
}

// await returns the first record of an event that fulfils cond.
func (l *tap) await(event string, cond func(record) bool) (record, error) {
	late := time.After(testTimeout)
	for {
		l.mu.Lock()
		changed := l.changed
		l.mu.Unlock()
		for _, r := range l.all(event) {
			if cond == nil || cond(r) {
				return r, nil
			}
		}
		select {
		case <-changed:
		case <-late:
			return record{}, fmt.Errorf("the log has no such %s:\n%s", event, l)
		}
	}
}

// eventually waits for cond, which nothing announces.
func eventually(cond func() bool) bool {
	late := time.After(testTimeout)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !cond() {
		select {
		case <-again.C:
		case <-late:
			return false
		}
	}
	return true
}

var _ io.Writer = (*tap)(nil)
