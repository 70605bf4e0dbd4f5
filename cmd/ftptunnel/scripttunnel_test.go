package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ftptunnel/testenv"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptTimeout is how long a script waits for what must happen.
const scriptTimeout = 30 * time.Second

// background is an ftptunnel that runs beside the script.
type background struct {
	cmd    *exec.Cmd
	rest   chan string // what followed its first line on stdout
	first  string
	stderr bytes.Buffer
}

// startTunnel starts ftptunnel with the arguments and returns when it has said
// where it listens: URL and ADDR say it, too.
func startTunnel(ts *testscript.TestScript, _ bool, args []string) {
	dir := filepath.SplitList(ts.Getenv("PATH"))[0]
	b := &background{cmd: exec.Command(filepath.Join(dir, "ftptunnel"), args...), rest: make(chan string, 1)}
	b.cmd.Dir = ts.MkAbs(".")
	b.cmd.Env = environment(ts)
	b.cmd.Stderr = &b.stderr
	out, err := b.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(b.cmd.Start())
	ts.Defer(func() { _ = b.cmd.Process.Kill() })
	r := bufio.NewReader(out)
	if b.first, err = r.ReadString('\n'); err != nil {
		_ = b.cmd.Wait()
		ts.Fatalf("ftptunnel was not ready: %v\n%s", b.cmd.ProcessState, b.stderr.String())
	}
	go func() {
		rest, _ := io.ReadAll(r)
		b.rest <- string(rest)
	}()
	networkOf(ts).tunnel = b
	url := strings.TrimSuffix(b.first, "\n")
	ts.Setenv("URL", url)
	ts.Setenv("ADDR", strings.TrimPrefix(url, "ftp://"))
}

// environment returns the script's environment.
func environment(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{
		"HOME", "PATH", "WORK", "TMPDIR", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "ANSWER", "GORACE",
	} {
		if v := ts.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// finishTunnel sends a signal, or none for -, and waits for an exit code:
// finish TERM 0. What was printed is then in tunnel.out and tunnel.err.
func finishTunnel(ts *testscript.TestScript, _ bool, args []string) {
	b := networkOf(ts).tunnel
	for name := range strings.SplitSeq(args[0], "+") {
		if s, ok := map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP}[name]; ok {
			ts.Check(b.cmd.Process.Signal(s))
		}
	}
	rest := <-b.rest
	err := b.cmd.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("tunnel.out"), []byte(b.first+rest), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("tunnel.err"), b.stderr.Bytes(), 0o600))
	ts.Logf("[tunnel.err]\n%s", b.stderr.String())
	if got := fmt.Sprint(b.cmd.ProcessState.ExitCode()); got != args[1] {
		ts.Fatalf("ftptunnel ended with %s (%v), not %s", got, err, args[1])
	}
}

// checkStatus runs a command that must end with a status: status 255 ftptunnel
// box. Its output can be examined as after exec.
func checkStatus(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		got = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%s ended with %d, not %d", args[1], got, want)
	}
}

// getFile downloads by our own client: get addr mode name file.
func getFile(ts *testscript.TestScript, neg bool, args []string) {
	content, err := download(args[0], args[1], args[2])
	if neg {
		if err == nil {
			ts.Fatalf("the download succeeded")
		}
		ts.Logf("%v", err)
		return
	}
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), content, 0o600))
}

// download is one session that downloads a file.
func download(addr, mode, name string) ([]byte, error) {
	c, err := dialFTP(context.Background(), addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	content, err := c.download(mode, "RETR "+name)
	if err != nil {
		return content, err
	}
	return content, c.quit()
}

// putFile uploads by our own client, put addr mode name file, and holds what
// the server has against the file.
func putFile(ts *testscript.TestScript, _ bool, args []string) {
	content := []byte(ts.ReadFile(args[3]))
	c, err := dialFTP(context.Background(), args[0])
	ts.Check(err)
	defer c.close()
	ts.Check(c.upload(args[1], args[2], content))
	ts.Check(c.quit())
	if stored, ok := networkOf(ts).ftp.Tree().Get(args[2]); !ok || !bytes.Equal(stored, content) {
		ts.Fatalf("the server has %q", stored)
	}
}

// breakTransfer cuts the SSH connections of a server once a good part of a
// transfer's bytes has gone, and returns when it has: break box.
func breakTransfer(ts *testscript.TestScript, _ bool, args []string) {
	n := networkOf(ts)
	ctx, cancel := context.WithTimeout(context.Background(), scriptTimeout)
	defer cancel()
	ts.Check(n.ftp.Await(ctx, func(c testenv.FTPCounts) bool { return c.Sent > 300_000 }))
	n.ssh[args[0]].Drop()
}

// freeze stops an SSH server in the middle of a transfer: freeze box.
func freeze(ts *testscript.TestScript, _ bool, args []string) {
	n := networkOf(ts)
	ctx, cancel := context.WithTimeout(context.Background(), scriptTimeout)
	defer cancel()
	ts.Check(n.ftp.Await(ctx, func(c testenv.FTPCounts) bool { return c.Sent > 300_000 }))
	n.ssh[args[0]].Freeze()
}

// lockOut cuts the SSH connections of a server and lets nobody in any more:
// lockout box.
func lockOut(ts *testscript.TestScript, _ bool, args []string) {
	s := networkOf(ts).ssh[args[0]]
	s.SetAuth(testenv.SSHAuth{OnlyKeys: true})
	s.Drop()
}

// checkJSON holds a file against the format of the json log.
func checkJSON(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			ts.Fatalf("%v: %s", err, line)
		}
		for _, field := range []string{"version", "time", "level", "event", "message"} {
			if m[field] == nil {
				ts.Fatalf("no %s: %s", field, line)
			}
		}
	}
}
