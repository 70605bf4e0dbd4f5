package sshconn

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"ftptunnel/testenv"
)

// TestWrap: one connection is wrapped, to the first host, however many follow.
func TestWrap(t *testing.T) {
	dir := t.TempDir()
	var config strings.Builder
	for _, name := range []string{"first", "second", "third"} {
		server, err := testenv.NewSSHServer(testenv.SSHOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		key := filepath.Join(dir, name)
		if err := os.WriteFile(key, server.ClientKeyPEM(), 0o600); err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(server.Addr())
		fmt.Fprintf(&config, "Host %s\n\tHostName 127.0.0.1\n\tPort %s\n\tUser test\n\tIdentityFile %s\n", name, port, key)
	}
	fmt.Fprintf(&config, "Host second\n\tProxyJump first\nHost third\n\tProxyJump second\n"+
		"Host *\n\tIdentitiesOnly yes\n\tStrictHostKeyChecking accept-new\n\tUserKnownHostsFile %s\n", filepath.Join(dir, "known_hosts"))
	file := filepath.Join(dir, "config")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	target := echoServer(t)
	for _, destination := range []string{"first", "second", "third"} {
		var wrapped atomic.Int32
		cfg, err := Resolve(context.Background(), destination, Options{ConfigFile: file, Home: dir, Env: os.Getenv,
			Wrap: func(c *net.TCPConn) net.Conn { wrapped.Add(1); return c }})
		if err != nil {
			t.Fatal(err)
		}
		conn, err := client(t, cfg, nil).DialContext(short(t), "tcp", target)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if n := wrapped.Load(); n != 1 {
			t.Errorf("%s: %d connections were wrapped", destination, n)
		}
	}
}
