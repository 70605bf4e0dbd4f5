//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReaderOfMessagesLeaves: as with ssh, the tunnel outlives whoever reads its
// messages. One Ctrl-C ends a tee(1) beside it and lets transfers finish.
func TestReaderOfMessagesLeaves(t *testing.T) {
	s := newScene(t)
	s.tree.Put("abc", []byte("abc"))
	name := filepath.Join(s.dir, "transfers")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	c := exec.Command("ftptunnel", s.args("-v", "--batch", "--transfer-log", name)...)
	c.Stderr = write
	c.Env = append(os.Environ(), "HOME="+t.TempDir(), "GORACE=atexit_sleep_ms=0")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	err = c.Start()
	write.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	first, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	got, err := download(strings.TrimPrefix(strings.TrimSpace(first), "ftp://"), "PASV", "abc")
	if string(got) != "abc" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if all := readTransferLog(t, name); len(all) != 1 {
		t.Errorf("the transfer log has %+v", all)
	}
}
