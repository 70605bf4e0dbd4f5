//go:build !ftptunnel_nowindow

package sshconn

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ftptunnel/testenv"
)

// throughDelay connects a client to an embedded SSH server behind a line that
// delays each way.
func throughDelay(t *testing.T, delay time.Duration) *Client {
	t.Helper()
	server, err := testenv.NewSSHServer(testenv.SSHOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	line, err := testenv.NewDelayLine(server.Addr(), delay, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { line.Close() })
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, server.ClientKeyPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Resolve(context.Background(), "127.0.0.1", Options{
		ConfigFile: "none", Port: line.Port(), Login: "test", Identity: []string{key}, Home: dir, Env: os.Getenv,
		Set: []string{"StrictHostKeyChecking=accept-new", "UserKnownHostsFile=" + filepath.Join(dir, "known_hosts")},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := NewClient(cfg, nil, nil)
	t.Cleanup(func() { c.Close() })
	return c
}

// source accepts one connection and sends n bytes on it.
func source(t *testing.T, n int64) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	done := make(chan struct{})
	t.Cleanup(func() { <-done })
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.CopyN(c, zeros{}, n)
	}()
	return l.Addr()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestRawChannel fails when x/crypto changes what window_raw.go relies on.
func TestRawChannel(t *testing.T) {
	const size = 24 << 20 // twelve windows: none would be left if adjust did nothing
	conn, err := throughDelay(t, 0).DialContext(context.Background(), "tcp", source(t, size).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if !conn.(*Conn).rx.raw.controls() {
		t.Fatal("golang.org/x/crypto/ssh has changed: window_raw.go does not find its channel")
	}
	if n, err := io.Copy(io.Discard, onlyReader{conn}); n != size || err != nil {
		t.Fatalf("read %d of %d bytes: %v", n, size, err)
	}
}

type onlyReader struct{ io.Reader }

// TestWindowGrowsOnALongLink: where the window limits a transfer it grows, and
// what was taken beyond x/crypto's window is given back.
func TestWindowGrowsOnALongLink(t *testing.T) {
	before := transferWindows.granted.Load()
	client := throughDelay(t, 10*time.Millisecond)
	if rtt := client.RoundTrip(); rtt != 0 {
		t.Errorf("a round trip of %v before there was one", rtt)
	}
	conn, err := client.DialContext(context.Background(), "tcp", source(t, 64<<20).String())
	if err != nil {
		t.Fatal(err)
	}
	if rtt := client.RoundTrip(); rtt < 20*time.Millisecond || rtt > 10*time.Second {
		t.Errorf("a round trip of %v", rtt)
	}
	if n, err := io.Copy(io.Discard, onlyReader{conn}); n != 64<<20 || err != nil {
		t.Fatalf("read %d bytes: %v", n, err)
	}
	rx := conn.(*Conn).rx
	if rx.window <= baseWindow || rx.window > maxWindow {
		t.Errorf("the window is %d bytes after a transfer at 20 ms", rx.window)
	}
	conn.Close()
	if after := transferWindows.granted.Load(); after != before {
		t.Errorf("%d bytes of window are still counted", after-before)
	}
}
