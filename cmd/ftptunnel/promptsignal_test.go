//go:build unix

package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ftptunnel/testenv"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// TestSignalAtLatePrompt: a command waits for a question that came with the
// login, as UpdateHostKeys has it, and a signal ends that.
func TestSignalAtLatePrompt(t *testing.T) {
	s := newScene(t)
	server, err := testenv.NewSSHServer(testenv.SSHOptions{
		HostKeys: []ssh.Signer{s.host, ecdsaKey(t)}, Auth: testenv.SSHAuth{Keys: []ssh.PublicKey{s.key.PublicKey()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	known, asked, askpass := filepath.Join(s.dir, "known"), filepath.Join(s.dir, "asked"), filepath.Join(s.dir, "askpass")
	line := knownhosts.Line([]string{server.Addr()}, s.host.PublicKey()) + "\n"
	script := "#!/bin/sh\n: >'" + asked + "'\nexec sleep 60\n"
	if err := os.WriteFile(known, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(askpass, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(server.Addr())
	c := exec.Command("ftptunnel", "-v", "-F", "none", "-l", "tester", "-p", port, "-i", filepath.Join(s.dir, "key"),
		"-o", "UserKnownHostsFile="+known, "-o", "UpdateHostKeys=ask", "-o", "IdentityAgent=none",
		"127.0.0.1", greeter(t, asked), "--", "true")
	log := newTap()
	c.Stderr = log
	c.Env = append(os.Environ(), "HOME="+t.TempDir(), "GORACE=atexit_sleep_ms=0", "SSH_ASKPASS="+askpass, "SSH_ASKPASS_REQUIRE=force")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	if !eventually(func() bool { _, err := os.Stat(asked); return err == nil }) {
		t.Error("nothing was asked")
	}
	if !eventually(func() bool { return strings.Contains(log.String(), "greets") }) {
		t.Error("set-up does not end")
	}
	again := time.NewTicker(20 * time.Millisecond) // the first may come just in set-up
	defer again.Stop()
	for late := time.After(10 * time.Second); ; {
		select {
		case <-again.C:
			_ = c.Process.Signal(syscall.SIGTERM)
			continue
		case <-late:
			_ = c.Process.Kill()
			t.Fatal("no signal ends it")
		case err = <-ended:
		}
		break
	}
	if code, _ := commandStatus(c.ProcessState, err); code != 128+int(syscall.SIGTERM) { // or died of it, at its end
		t.Errorf("it ended with %d\n%s", code, log)
	}
}

// greeter is an FTP server that greets once a file is there, and says goodbye.
func greeter(t *testing.T, file string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			eventually(func() bool { _, err := os.Stat(file); return err == nil })
			fmt.Fprint(c, "220 ready\r\n")
			_, _ = bufio.NewReader(c).ReadString('\n')
			fmt.Fprint(c, "221 goodbye\r\n")
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// ecdsaKey makes a host key of another type than the scene's.
func ecdsaKey(t *testing.T) ssh.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
