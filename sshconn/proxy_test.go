//go:build unix

package sshconn

import (
	"testing"
	"time"

	"ftptunnel/testenv"
)

func TestProxyLeavesSomethingBehind(t *testing.T) {
	_, cfg := embedded(t, testenv.SSHOptions{})
	cfg.ProxyCommand = "sleep 600 >/dev/null & exit 3"
	began := time.Now()
	if err := client(t, cfg, nil).Connect(short(t)); err == nil {
		t.Fatal("connected")
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("waited %v for what the proxy left behind", took)
	}
}

func TestKnownHostsCommandTakesTooLong(t *testing.T) {
	_, cfg := embedded(t, testenv.SSHOptions{})
	cfg.ConnectTimeout = 200 * time.Millisecond
	for _, command := range []string{"/bin/sleep 600", "/bin/sh -c 'sleep 600 & exit 0'"} {
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
