//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// process is the program as a process of its own.
type process struct {
	cmd   *exec.Cmd
	log   *tap
	stdin io.Closer
	first string // its first line on standard output
}

// launch runs the program, with the log as json at -v, and returns when it has
// printed a line.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command("ftptunnel", append([]string{"--log-format", "json", "-v", "--batch"}, args...)...), log: newTap()}
	p.cmd.Stderr = p.log
	p.cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "GORACE=atexit_sleep_ms=0")
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	if p.first, err = bufio.NewReader(stdout).ReadString('\n'); err != nil {
		_ = p.cmd.Wait()
		t.Fatalf("it was not ready: %v\n%s", p.cmd.ProcessState, p.log)
	}
	return p
}

// rotate renames the transfer log and has the program open a new one.
func (p *process) rotate(t *testing.T, name string) {
	t.Helper()
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if _, err := p.log.await("transfer_log_reopened", nil); err != nil {
		t.Fatal(err)
	}
}

// TestTransferLogRotated: SIGHUP reopens the file in forward mode, between two
// downloads of one run.
func TestTransferLogRotated(t *testing.T) {
	s := newScene(t)
	s.tree.Put("abc", []byte("abc"))
	name := filepath.Join(s.dir, "transfers")
	p := launch(t, s.args("--transfer-log", name)...)
	addr := strings.TrimPrefix(strings.TrimSpace(p.first), "ftp://")
	get := func(path string) {
		if _, err := download(addr, "PASV", path); err != nil {
			t.Error(err)
		}
	}
	get("abc")
	if _, err := p.log.await("transfer_ended", nil); err != nil {
		t.Fatal(err)
	}
	p.rotate(t, name)
	get(nextFile)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, p.log)
	}
	for file, path := range map[string]string{name + ".1": "abc", name: nextFile} {
		if all := readTransferLog(t, file); len(all) != 1 || all[0].Path != path {
			t.Errorf("%s has %+v", file, all)
		}
	}
}

// TestTransferLogRotatedBesideCommand: in command mode SIGHUP reopens the file
// and reaches the command, too.
func TestTransferLogRotatedBesideCommand(t *testing.T) {
	s := newScene(t)
	name := filepath.Join(s.dir, "transfers")
	const waits = `trap 'kill $!; cat >/dev/null; exit 7' HUP; echo up; sleep 60 >/dev/null 2>&1 </dev/null & wait`
	p := launch(t, append(s.args("--transfer-log", name), "--", "sh", "-c", waits)...)
	p.rotate(t, name)
	p.stdin.Close()
	_ = p.cmd.Wait()
	if code := p.cmd.ProcessState.ExitCode(); code != 7 {
		t.Errorf("exit code %d, not the one of the command's trap\n%s", code, p.log)
	}
	if _, err := os.Stat(name); err != nil {
		t.Error(err)
	}
}

// TestTransferLogTerminal: at a terminal SIGHUP reopens the file and the
// forward goes on, until the terminal itself hangs up.
func TestTransferLogTerminal(t *testing.T) {
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("script is not installed, which makes a terminal")
	}
	s := newScene(t)
	s.tree.Put("abc", []byte("abc"))
	name := filepath.Join(s.dir, "transfers")
	line := "echo $$; exec ftptunnel '" + strings.Join(s.args("--batch", "--transfer-log", name), "' '") + "'"
	c := exec.Command(script, "-qfc", line, "/dev/null")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	var pid int
	var addr string
	if _, err := fmt.Fscanf(bufio.NewReader(out), "%d\nftp://%s\n", &pid, &addr); err != nil {
		t.Fatal(err)
	}
	gone := false
	t.Cleanup(func() {
		if !gone {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	if err := errors.Join(os.Rename(name, name+".1"), syscall.Kill(pid, syscall.SIGHUP)); err != nil {
		t.Fatal(err)
	}
	if !eventually(func() bool { _, err := os.Stat(name); return err == nil }) {
		t.Error("the file was not opened again")
	}
	if got, err := download(addr, "PASV", "abc"); string(got) != "abc" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	gone = eventually(func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	if !gone {
		t.Error("it goes on without its terminal")
	}
	if all := readTransferLog(t, name); len(all) != 1 {
		t.Errorf("%+v", all)
	}
}
