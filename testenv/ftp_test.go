package testenv

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"testing"
	"time"
)

func startFTP(t testing.TB, o FTPOptions) *FTPServer {
	t.Helper()
	s, err := NewFTPServer(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// ftpClient is the control connection of a test.
type ftpClient struct {
	*textproto.Conn
	t   testing.TB
	tcp net.Conn
}

func connect(t testing.TB, addr string) *ftpClient {
	t.Helper()
	tcp, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	tcp.SetDeadline(time.Now().Add(2 * time.Minute))
	c := &ftpClient{textproto.NewConn(tcp), t, tcp}
	t.Cleanup(func() { c.Close() })
	return c
}

func loggedIn(t testing.TB, s *FTPServer) *ftpClient {
	t.Helper()
	c := connect(t, s.Addr())
	c.expect(220)
	c.cmd(331, "USER anonymous")
	c.cmd(230, "PASS x@y")
	c.cmd(200, "TYPE I")
	return c
}

// expect reads a reply and wants its code to begin with the digits of want.
func (c *ftpClient) expect(want int) string {
	c.t.Helper()
	code, text, err := c.ReadResponse(want)
	if err != nil {
		c.t.Fatalf("want %d, got %d %q: %v", want, code, text, err)
	}
	return text
}

func (c *ftpClient) send(line string) {
	c.t.Helper()
	if err := c.PrintfLine("%s", line); err != nil {
		c.t.Fatal(err)
	}
}

func (c *ftpClient) cmd(want int, line string) string {
	c.t.Helper()
	c.send(line)
	return c.expect(want)
}

func (c *ftpClient) epsv() net.Conn {
	c.t.Helper()
	_, rest, _ := strings.Cut(c.cmd(229, "EPSV"), "(|||")
	port, _, _ := strings.Cut(rest, "|)")
	host, _, _ := net.SplitHostPort(c.tcp.RemoteAddr().String())
	return c.dial(net.JoinHostPort(host, port))
}

func (c *ftpClient) dial(addr string) net.Conn {
	c.t.Helper()
	d, err := net.Dial("tcp", addr)
	if err != nil {
		c.t.Fatal(err)
	}
	d.SetDeadline(time.Now().Add(2 * time.Minute))
	c.t.Cleanup(func() { d.Close() })
	return d
}

func (c *ftpClient) pasv() net.Conn {
	c.t.Helper()
	text := c.cmd(227, "PASV")
	var h [4]int
	var p1, p2 int
	_, numbers, _ := strings.Cut(text, "(")
	if _, err := fmt.Sscanf(numbers, "%d,%d,%d,%d,%d,%d", &h[0], &h[1], &h[2], &h[3], &p1, &p2); err != nil {
		c.t.Fatalf("%q: %v", text, err)
	}
	return c.dial(net.JoinHostPort(fmt.Sprintf("%d.%d.%d.%d", h[0], h[1], h[2], h[3]), strconv.Itoa(p1<<8|p2)))
}

func TestRetrieveAndStore(t *testing.T) {
	s := startFTP(t, FTPOptions{})
	s.Tree().Put("/pub/a b", []byte("hello"))
	c := loggedIn(t, s)
	d := c.pasv()
	c.cmd(150, "RETR pub/a b")
	if got, err := io.ReadAll(d); err != nil || string(got) != "hello" {
		t.Fatalf("got %q, %v", got, err)
	}
	c.expect(226)
	d = c.epsv()
	c.cmd(150, "STOR up")
	io.WriteString(d, "upload")
	d.Close()
	c.expect(226)
	if got, _ := s.Tree().Get("up"); string(got) != "upload" {
		t.Fatalf("stored %q", got)
	}
	c.cmd(425, "LIST")
	c.cmd(221, "QUIT")
	if _, err := c.R.ReadByte(); err != io.EOF {
		t.Fatalf("after QUIT: %v", err)
	}
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
