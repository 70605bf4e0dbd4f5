package testenv

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// flood is a target that sends without end and reads all it gets.
func flood(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				out := make([]byte, 64<<10)
				for {
					if _, err := c.Write(out); err != nil {
						return
					}
				}
			})
			wg.Go(func() { io.Copy(io.Discard, c) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

// TestOutbox holds the writing of an SSH connection to never waiting for the
// peer, and those who move data to waiting for it.
func TestOutbox(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	var g gate
	o := newOutboxConn(newGatedConn(near.(*net.TCPConn), &g))
	var wg sync.WaitGroup
	wg.Go(o.send)
	const size = 32 << 20
	for range size / (1 << 20) {
		if _, err := o.Write(make([]byte, 1<<20)); err != nil { // nobody reads it yet
			t.Fatal(err)
		}
	}
	wg.Go(o.waitForRoom)
	if n, err := io.CopyN(io.Discard, far, size); err != nil {
		t.Errorf("%d bytes arrived, %v", n, err)
	}
	io.WriteString(o, "last words")
	o.Close()
	far.SetReadDeadline(time.Now().Add(20 * time.Second))
	if last, err := io.ReadAll(far); err != nil || string(last) != "last words" {
		t.Errorf("after Close: %q, %v", last, err)
	}
	wg.Wait()
	if _, err := o.Write([]byte("x")); err == nil {
		t.Error("written after the end")
	}
}

// TestNeverStuck closes channels while every buffer of the connection is full
// both ways. A server whose reading waits for its writing stands still then,
// if the client does the same, and x/crypto's does.
func TestNeverStuck(t *testing.T) {
	s := startSSH(t, SSHOptions{})
	tcp, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	tcp.(*net.TCPConn).SetReadBuffer(64 << 10)
	tcp.(*net.TCPConn).SetWriteBuffer(64 << 10)
	c := clientOver(t, s, tcp)
	target := flood(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 5 {
				exchange(t, c, target)
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Error("the connection stands still")
		c.Close()
		<-done
	}
}

func clientOver(t *testing.T, s *SSHServer, tcp net.Conn) *ssh.Client {
	t.Helper()
	conn, channels, requests, err := ssh.NewClientConn(tcp, s.Addr(), &ssh.ClientConfig{
		User: "someone", Auth: []ssh.AuthMethod{ssh.PublicKeys(s.ClientKey())}, HostKeyCallback: ssh.FixedHostKey(s.HostKey()),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := ssh.NewClient(conn, channels, requests)
	t.Cleanup(func() { c.Close() })
	return c
}

// exchange moves some bytes both ways and closes in the middle of it.
func exchange(t *testing.T, c *ssh.Client, target string) {
	conn, err := c.Dial("tcp", target)
	if err != nil {
		t.Error(err)
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		out := make([]byte, 64<<10)
		for {
			if _, err := conn.Write(out); err != nil {
				return
			}
		}
	})
	io.CopyN(io.Discard, conn, 1<<20)
	conn.Close()
	wg.Wait()
}
