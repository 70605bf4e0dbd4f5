package tunnel

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ftpClient is a scripted FTP client.
type ftpClient struct {
	t    testing.TB
	side Side // where it lives
	conn net.Conn
	r    *bufio.Reader

	patience time.Duration // for an active server's data connection
}

// connect opens a control connection and reads the greeting.
func connect(t testing.TB, side Side, addr string) *ftpClient {
	t.Helper()
	c, err := side.DialContext(context.Background(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &ftpClient{t: t, side: side, conn: c, r: bufio.NewReader(c), patience: 30 * time.Second}
}

// login connects and logs in.
func login(t testing.TB, side Side, addr string) *ftpClient {
	t.Helper()
	c := connect(t, side, addr)
	c.hear("220")
	c.do("USER test", "331")
	c.do("PASS test", "230")
	return c
}

// say sends a line.
func (c *ftpClient) say(line string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(line + "\r\n")); err != nil {
		c.t.Fatalf("say %q: %v", line, err)
	}
}

// reply reads a reply and returns its last line.
func (c *ftpClient) reply() (string, error) {
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return line, err
		}
		if !strings.HasSuffix(line, "\r\n") {
			c.t.Errorf("line %q does not end in CRLF", line)
		}
		line = strings.TrimRight(line, "\r\n")
		if len(line) > 3 && line[3] == ' ' && line[0] >= '1' && line[0] <= '5' {
			return line, nil
		}
	}
}

// hear reads a reply that must have one of these codes, and returns it.
func (c *ftpClient) hear(codes ...string) string {
	c.t.Helper()
	line, err := c.reply()
	if err != nil {
		c.t.Fatalf("waiting for %v: %q, %v", codes, line, err)
	}
	for _, code := range codes {
		if strings.HasPrefix(line, code) {
			return line
		}
	}
	c.t.Fatalf("got %q, want %v", line, codes)
	return ""
}

// do sends a line and reads the reply to it.
func (c *ftpClient) do(line string, codes ...string) string {
	c.t.Helper()
	c.say(line)
	return c.hear(codes...)
}

// ended reads until the tunnel ends the control connection, and closes it.
func (c *ftpClient) ended() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
		c.t.Fatalf("control connection ended with %q, %v", rest, err)
	}
	c.conn.Close()
}

// data is a data connection that has been asked for.
type data struct {
	c    *ftpClient
	addr string       // passive: where to connect
	l    net.Listener // active: where the peer connects
}

// ask asks for a data connection.
func (c *ftpClient) ask(verb string) *data {
	c.t.Helper()
	return c.announce(verb)()
}

// announce asks for a data connection; the reply is read by what it returns.
func (c *ftpClient) announce(verb string) func() *data {
	c.t.Helper()
	switch verb {
	case "PASV", "EPSV":
		c.say(verb)
		return func() *data { return c.passive(verb, c.hear("227", "229")) }
	}
	host, _, _ := net.SplitHostPort(c.conn.LocalAddr().String())
	l, err := c.side.Listen(context.Background(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { l.Close() })
	c.say(portLine(verb, addrPort(l.Addr())))
	return func() *data {
		c.hear("200")
		return &data{c: c, l: l}
	}
}

// passive reads a 227 or 229.
func (c *ftpClient) passive(verb, reply string) *data {
	c.t.Helper()
	host, _, _ := net.SplitHostPort(c.conn.RemoteAddr().String())
	var port int
	if verb == "EPSV" {
		inner := reply[strings.Index(reply, "(|||")+4:]
		port, _ = strconv.Atoi(inner[:strings.Index(inner, "|")])
	} else {
		var h [4]byte
		var p1, p2 int
		inner := reply[strings.Index(reply, "(")+1:]
		if _, err := fmt.Sscanf(inner, "%d,%d,%d,%d,%d,%d", &h[0], &h[1], &h[2], &h[3], &p1, &p2); err != nil {
			c.t.Fatalf("%q: %v", reply, err)
		}
		if named := netip.AddrFrom4(h).String(); named != host {
			c.t.Errorf("227 names %s, the control connection leads to %s", named, host)
		}
		port = p1<<8 | p2
	}
	return &data{c: c, addr: net.JoinHostPort(host, strconv.Itoa(port))}
}

// portLine is the command for an address to listen at.
func portLine(verb string, a netip.AddrPort) string {
	if verb == "PORT" {
		h := strings.ReplaceAll(a.Addr().String(), ".", ",")
		return fmt.Sprintf("PORT %s,%d,%d", h, a.Port()>>8, a.Port()&255)
	}
	family := 1
	if a.Addr().Is6() {
		family = 2
	}
	return fmt.Sprintf("EPRT |%d|%s|%d|", family, a.Addr(), a.Port())
}

// open is the data connection, once it is there.
func (d *data) open() net.Conn {
	d.c.t.Helper()
	if d.l != nil {
		if l := tcpListener(d.l); l != nil {
			l.SetDeadline(time.Now().Add(d.c.patience))
		}
		conn, err := d.l.Accept()
		if err != nil {
			d.c.t.Fatal(err)
		}
		return d.opened(conn)
	}
	conn, err := d.c.side.DialContext(context.Background(), "tcp", d.addr)
	if err != nil {
		d.c.t.Fatal(err)
	}
	return d.opened(conn)
}

func (d *data) opened(conn net.Conn) net.Conn {
	d.c.t.Cleanup(func() { conn.Close() })
	return conn
}

// begin asks for a data connection, begins a transfer and returns its
// connection. A passive client connects before it sends the command.
func (c *ftpClient) begin(verb, line string) net.Conn {
	c.t.Helper()
	d := c.ask(verb)
	if d.l == nil {
		conn := d.open()
		c.do(line, "150", "125")
		return conn
	}
	c.do(line, "150", "125")
	return d.open()
}

// get downloads by a command.
func (c *ftpClient) get(verb, line string) []byte {
	c.t.Helper()
	conn := c.begin(verb, line)
	b, err := io.ReadAll(conn)
	if err != nil {
		c.t.Fatalf("%s %s: %v", verb, line, err)
	}
	conn.Close()
	c.hear("226")
	return b
}

// put uploads by a command.
func (c *ftpClient) put(verb, line string, b []byte) {
	c.t.Helper()
	conn := c.begin(verb, line)
	if _, err := conn.Write(b); err != nil {
		c.t.Fatalf("%s %s: %v", verb, line, err)
	}
	conn.Close()
	c.hear("226")
}
