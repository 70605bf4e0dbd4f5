package sshconn

import (
	"crypto/rand"
	"crypto/sha256"
	"io"
	"net"
	"testing"
)

// echoServer returns the address of a TCP server that sends back what it gets
// and then its end of file.
func echoServer(t *testing.T) string {
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
			go func() {
				io.Copy(c, c)
				c.Close()
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// exchange sends a payload, half-closes and compares what comes back.
func exchange(t *testing.T, c net.Conn, size int) {
	t.Helper()
	payload := make([]byte, size)
	rand.Read(payload)
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(payload)
		if err == nil {
			err = c.(interface{ CloseWrite() error }).CloseWrite()
		}
		sent <- err
	}()
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if sha256.Sum256(got) != sha256.Sum256(payload) {
		t.Fatalf("got %d bytes of %d, or others", len(got), size)
	}
}

func TestRealServerCarriesData(t *testing.T) {
	s := startSSHD(t, "")
	c := client(t, s.resolve("box", nil), nil)
	if err := c.Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	conn, err := c.DialContext(short(t), "tcp", echoServer(t))
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, conn, 8<<20)
	conn.Close()
}

func TestRealServerListens(t *testing.T) {
	s := startSSHD(t, "")
	c := client(t, s.resolve("box", nil), nil)
	l, err := c.Listen(short(t), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	out, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	in, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := in.RemoteAddr().String(), out.LocalAddr().String(); got != want {
		t.Errorf("originator %s, want %s", got, want)
	}
	go func() { io.Copy(in, in); in.Close() }()
	exchange(t, out, 1<<20)
}
