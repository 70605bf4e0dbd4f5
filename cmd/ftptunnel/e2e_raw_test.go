//go:build unix

package main_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"ftptunnel/testenv/daemons/clients"
)

// rawTimeout is how long a raw client waits for anything.
const rawTimeout = 30 * time.Second

// raw is a client that sends what a test says, for what no real client does
// on demand.
type raw struct {
	t    *testing.T
	conn *net.TCPConn
	text *textproto.Conn
}

// dialRaw connects and logs in.
func dialRaw(t *testing.T, s clients.Site) *raw {
	t.Helper()
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(s.Host, fmt.Sprint(s.Port)), rawTimeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &raw{t, conn.(*net.TCPConn), textproto.NewConn(conn)}
	c.hear("220")
	c.say("USER %s", s.User)
	if strings.HasPrefix(c.hear("230", "331"), "331") {
		c.do("230", "PASS %s", s.Password)
	}
	c.do("200", "TYPE I")
	return c
}

func (c *raw) say(format string, args ...any) {
	c.t.Helper()
	_ = c.conn.SetDeadline(time.Now().Add(rawTimeout))
	if err := c.text.PrintfLine(format, args...); err != nil {
		c.t.Fatal(err)
	}
}

// reply reads a complete reply.
func (c *raw) reply() (string, error) {
	_ = c.conn.SetDeadline(time.Now().Add(rawTimeout))
	code, text, err := c.text.ReadResponse(0)
	return fmt.Sprintf("%d %s", code, text), err
}

// hear reads a complete reply, which must begin with one of the codes.
func (c *raw) hear(codes ...string) string {
	c.t.Helper()
	text, err := c.reply()
	for _, code := range codes {
		if err == nil && strings.HasPrefix(text, code) {
			return text
		}
	}
	c.t.Fatalf("%q (%v) instead of %v", text, err, codes)
	return ""
}

// do sends a command and returns its reply, which must begin with the code.
func (c *raw) do(code, format string, args ...any) string {
	c.t.Helper()
	c.say(format, args...)
	return c.hear(code)
}

// passive asks for a data port and returns it.
func (c *raw) passive() netip.AddrPort {
	c.t.Helper()
	text := c.do("227", "PASV")
	var h1, h2, h3, h4, p1, p2 byte
	at := strings.IndexByte(text, '(')
	if _, err := fmt.Sscanf(text[max(at, 0):], "(%d,%d,%d,%d,%d,%d)", &h1, &h2, &h3, &h4, &p1, &p2); err != nil {
		c.t.Fatalf("%q: %v", text, err)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{h1, h2, h3, h4}), uint16(p1)<<8|uint16(p2))
}

// hostPort words an address for PORT.
func hostPort(a netip.AddrPort) string {
	return fmt.Sprintf("%s,%d,%d", strings.ReplaceAll(a.Addr().String(), ".", ","), a.Port()>>8, a.Port()&0xff)
}

// data asks for a data connection and makes it.
func (c *raw) data() net.Conn {
	c.t.Helper()
	conn, err := net.DialTimeout("tcp", c.passive().String(), rawTimeout)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * rawTimeout))
	return conn
}

// drain reads a data connection to its end and returns how much came.
func drain(conn net.Conn) (int64, error) { return io.Copy(io.Discard, conn) }
