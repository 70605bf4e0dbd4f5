package tunnel

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lab is a tunnel in memory between a client and a scripted FTP server, which
// stands on the host of an SSH server, with virtual time.
type lab struct {
	*world
	net     *memNet
	clients *memSide // where clients live
	here    *memSide // the tunnel's client side
	ssh     *memSide // the tunnel's server side
	ftp     *memSide // where the FTP server lives: on the SSH server
}

// inLab runs a test in a bubble: f with a client that has got a greeting if
// the script gives one.
func inLab(t *testing.T, tn *Tunnel, script func(*ftpScript), f func(*lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := newMemNet()
		l := &lab{net: n, clients: n.host("10.0.0.1"), here: n.host("10.0.0.2"), ssh: n.through("127.0.0.1"), ftp: n.host("127.0.0.1")}
		tn.Client, tn.Server, tn.Target = l.here, l.ssh, "127.0.0.1:21"
		l.script(t, script)
		ls, err := l.here.Listen(t.Context(), "tcp", "10.0.0.2:2121")
		if err != nil {
			t.Fatal(err)
		}
		l.world = serve(t, tn, ls)
		f(l)
	})
}

func (l *lab) connect() *ftpClient { return connect(l.t, l.clients, "10.0.0.2:2121") }

func (l *lab) login() *ftpClient { return login(l.t, l.clients, "10.0.0.2:2121") }

// script has f serve every control connection to the FTP server.
func (l *lab) script(t *testing.T, f func(*ftpScript)) {
	ls, err := l.ftp.Listen(t.Context(), "tcp", "127.0.0.1:21")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ls.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				f(&ftpScript{t: t, side: l.ftp, conn: c, r: bufio.NewReader(c)})
			})
		}
	})
	t.Cleanup(func() {
		ls.Close()
		wg.Wait()
	})
}

// ftpScript is the server's end of one control connection.
type ftpScript struct {
	t    testing.TB
	side *memSide
	conn net.Conn
	r    *bufio.Reader
}

// stop ends the script; the test fails if it should not have come to that.
func (s *ftpScript) fail(format string, args ...any) {
	s.t.Errorf("script: "+format, args...)
	runtime.Goexit()
}

func (s *ftpScript) say(lines ...string) {
	for _, l := range lines {
		s.conn.Write([]byte(l + "\r\n"))
	}
}

// line reads a command; the script ends with the connection.
func (s *ftpScript) line() string {
	l, err := s.r.ReadString('\n')
	if err != nil {
		runtime.Goexit()
	}
	return strings.TrimRight(l, "\r\n")
}

// want reads a command that must begin so, and returns it.
func (s *ftpScript) want(prefix string) string {
	l := s.line()
	if !strings.HasPrefix(l, prefix) {
		s.fail("got %q, want %q", l, prefix)
	}
	return l
}

// login greets and lets the client in.
func (s *ftpScript) login() { s.loginTo("220 ready") }

// loginTo does so with a greeting of its own.
func (s *ftpScript) loginTo(greeting string) {
	s.say(greeting)
	s.want("USER")
	s.say("331 go on")
	s.want("PASS")
	s.say("230 in")
}

// passive answers a PASV or EPSV and returns the listener.
func (s *ftpScript) passive() net.Listener {
	verb := s.line()
	l, err := s.side.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.fail("%v", err)
	}
	s.t.Cleanup(func() { l.Close() })
	port := addrPort(l.Addr()).Port()
	switch verb {
	case "PASV":
		s.say(fmt.Sprintf("227 Entering Passive Mode (127,0,0,1,%d,%d).", port>>8, port&255))
	case "EPSV":
		s.say(fmt.Sprintf("229 Entering Extended Passive Mode (|||%d|)", port))
	default:
		s.fail("got %q, want PASV or EPSV", verb)
	}
	return l
}

// passiveNowhere answers a PASV with a port at which nobody listens.
func (s *ftpScript) passiveNowhere() {
	s.want("PASV")
	s.say("227 Entering Passive Mode (127,0,0,1,19,136).") // 5000
}

// accept takes the data connection of a passive transfer.
func (s *ftpScript) accept(l net.Listener) net.Conn {
	c, err := l.Accept()
	if err != nil {
		runtime.Goexit()
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// port reads a PORT command and returns its address.
func (s *ftpScript) port() string {
	l := s.want("PORT ")
	f := strings.Split(strings.TrimPrefix(l, "PORT "), ",")
	p1, _ := strconv.Atoi(f[4])
	p2, _ := strconv.Atoi(f[5])
	return net.JoinHostPort(strings.Join(f[:4], "."), strconv.Itoa(p1<<8|p2))
}

// dial makes the data connection of an active transfer.
func (s *ftpScript) dial(address string) net.Conn {
	c, err := s.side.DialContext(context.Background(), "tcp", address)
	if err != nil {
		s.fail("dial %s: %v", address, err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// deliver answers a download whose data connection is there.
func (s *ftpScript) deliver(c net.Conn, content string) {
	s.say("150 here")
	c.Write([]byte(content))
	c.Close()
	s.say("226 done")
}

// idle reads commands until the connection ends.
func (s *ftpScript) idle() {
	for {
		s.line()
	}
}

// hearEnd reads c to its end and tells what that was; nil is an end of file.
func hearEnd(c net.Conn) (n int, err error) {
	b, err := io.ReadAll(c)
	return len(b), err
}

// within fails unless f takes between these times, less than a second more.
func within(t testing.TB, d time.Duration, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if took := time.Since(began); took < d || took >= d+time.Second {
		t.Errorf("took %v, want %v", took, d)
	}
}
