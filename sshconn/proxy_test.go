//go:build unix

package sshconn

import (
	"errors"
	"io"
	"os/exec"
	"sync"
	"testing"
	"time"

	"ftptunnel/testenv"
)

func TestProxyLeavesSomethingBehind(t *testing.T) {
	_, cfg := embedded(t, testenv.SSHOptions{})
	cfg.ProxyCommand = "sleep 40 >/dev/null & exit 3"
	began := time.Now()
	if err := client(t, cfg, nil).Connect(short(t)); err == nil {
		t.Fatal("connected")
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("waited %v for what the proxy left behind", took)
	}
}

// TestProxyEndsBeforeItIsWrittenTo: how it has ended is what matters, and not
// that its input is closed.
func TestProxyEndsBeforeItIsWrittenTo(t *testing.T) {
	_, cfg := embedded(t, testenv.SSHOptions{})
	cfg.ProxyCommand = "sh -c 'exit 3'"
	quiet := func(Event) {}
	raw, err := startProxy(cfg, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, raw); err != nil { // until it has ended
		t.Fatal(err)
	}
	h := &handshake{cfg: cfg, notify: quiet, ask: &asker{mu: new(sync.Mutex)}}
	_, err = h.run(short(t), raw, newSecrets())
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 3 {
		t.Fatalf("not exit status 3: %v", err)
	}
}

func TestKnownHostsCommandTakesTooLong(t *testing.T) {
	_, cfg := embedded(t, testenv.SSHOptions{})
	cfg.ConnectTimeout = 200 * time.Millisecond
	for _, command := range []string{"/bin/sleep 40", "/bin/sh -c 'sleep 600 & exit 0'"} {
		cfg.KnownHostsCommand = command
		began := time.Now()
		if err := client(t, cfg, nil).Connect(short(t)); err == nil {
			t.Errorf("%s: connected", command)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s: waited %v", command, took)
		}
	}
}
