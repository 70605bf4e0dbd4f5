package tunnel

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ftptunnel/ftpinspect"
	"ftptunnel/testenv"
)

// fileServer is an FTP server with one file, f.
func fileServer(t testing.TB, content string, faults testenv.Faults) *testenv.FTPServer {
	t.Helper()
	tree := &testenv.Tree{}
	tree.Put("f", []byte(content))
	return ftpServer(t, testenv.FTPOptions{Tree: tree, Faults: faults})
}

// A proxy's clients name their servers, and reach them in every mode, whatever
// has worked or not with another one.
func TestProxy(t *testing.T) {
	one := fileServer(t, "one", testenv.Faults{})
	two := fileServer(t, "two", testenv.Faults{Replies: map[string]string{"PASV": "502 No.", "EPSV": "502 No."}})
	w := serve(t, &Tunnel{}, listen(t, "127.0.0.1:0"))
	for _, verb := range []string{"PASV", "EPSV", "PORT", "EPRT"} {
		for _, s := range []struct{ target, want string }{{one.Addr(), "one"}, {two.Addr(), "two"}} {
			c := connect(t, Local{}, w.addr)
			c.hear("220")
			c.do("FEAT", "530") // lftp asks again after the login
			c.do("USER test@"+s.target, "331")
			c.do("PASS test", "230")
			if got := c.get(verb, "RETR f"); string(got) != s.want {
				t.Errorf("%s from %s: %q", verb, s.target, got)
			}
			e := await(w, func(e TransferEnded) bool { return e.Target == s.target })
			if chosen := await(w, func(c TargetChosen) bool { return c.Session == e.Session }); chosen.Target != s.target {
				t.Errorf("session %d: %q, transfer of %q", e.Session, chosen.Target, e.Target)
			}
			c.do("QUIT", "221")
			c.ended()
		}
	}
	w.tunnel.learning.Lock()
	defer w.tunnel.learning.Unlock()
	if n := len(w.tunnel.know); n != 2 {
		t.Errorf("%d targets are known", n)
	}
}

// Whatever else is sent at once with USER is for the server.
func TestProxyPipelined(t *testing.T) {
	s := fileServer(t, "one", testenv.Faults{})
	w := serve(t, &Tunnel{}, listen(t, "127.0.0.1:0"))
	c := connect(t, Local{}, w.addr)
	c.say("NOOP\r\nOPEN " + s.Addr() + "\r\nUSER test\r\nPASS test\r\nNOOP")
	for _, code := range []string{"220", "200", "220", "331", "230", "200"} {
		c.hear(code)
	}
	if got := c.get("EPSV", "RETR f"); string(got) != "one" {
		t.Errorf("%q", got)
	}
}

// Before a server is named nothing is reached, and what goes wrong is said.
func TestProxyRefuses(t *testing.T) {
	silent := ftpServer(t, testenv.FTPOptions{Faults: testenv.Faults{Greeting: "SSH-2.0-x"}})
	gone := listen(t, "127.0.0.1:0")
	gone.Close()
	for _, c := range []struct{ line, want string }{
		{"USER a@" + gone.Addr().String(), "421 "},
		{"USER a@" + silent.Addr(), "421 "},
		{"QUIT", "221 "},
		{"GET http://example.com/ HTTP/1.1", "421 "},
	} {
		w := serve(t, &Tunnel{}, listen(t, "127.0.0.1:0"))
		k := connect(t, Local{}, w.addr)
		k.hear("220")
		k.do("PASV", "530")
		k.do("USER", "530")
		if got := k.do(c.line, "421", "221"); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q", c.line, got)
		}
		k.ended()
		await(w, any1[SessionEnded])
		w.stop()
	}
}

// A client that has named its server may log in again there and nowhere else.
func TestProxyOtherServer(t *testing.T) {
	one, two := fileServer(t, "one", testenv.Faults{}), fileServer(t, "two", testenv.Faults{})
	w := serve(t, &Tunnel{}, listen(t, "127.0.0.1:0"))
	c := connect(t, Local{}, w.addr)
	c.hear("220")
	c.do("USER test@"+one.Addr(), "331")
	c.do("USER test@"+one.Addr(), "331")
	c.do("USER test@"+two.Addr(), "421")
	c.ended()
	if n := two.Counts().Sessions; n != 0 {
		t.Errorf("the other server was reached %d times", n)
	}
}

// A cut transfer is named with its server, and another server's file of the
// same name does not make it good.
func TestProxyCut(t *testing.T) {
	cut := fileServer(t, "something", testenv.Faults{CutAfter: 4, CutReply: "426 Cut."})
	good := fileServer(t, "something", testenv.Faults{})
	w := serve(t, &Tunnel{}, listen(t, "127.0.0.1:0"))
	for _, s := range []*testenv.FTPServer{cut, good} {
		c := connect(t, Local{}, w.addr)
		c.hear("220")
		c.do("USER test@"+s.Addr(), "331")
		c.do("PASS test", "230")
		conn := c.begin("PASV", "RETR f")
		io.Copy(io.Discard, conn)
		conn.Close()
		c.reply()
		await(w, func(e TransferEnded) bool { return e.Target == s.Addr() })
	}
	if cuts := w.tunnel.Cut(); len(cuts) != 1 || cuts[0].Target != cut.Addr() {
		t.Errorf("%+v", cuts)
	}
}

// Who never names a server is subject to the login's time limit, and one who
// never reads its answers is not listened to for ever.
func TestProxyLimits(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) { s.idle() }, func(l *lab) {
		ls, err := l.here.Listen(context.Background(), "tcp", "10.0.0.2:2100")
		if err != nil {
			t.Fatal(err)
		}
		w := serve(l.t, &Tunnel{Client: l.here, Server: l.ssh}, ls)
		within(t, 120*time.Second, func() {
			c := connect(l.t, l.clients, "10.0.0.2:2100")
			c.hear("220")
			c.do("NOOP", "200")
			c.hear("421")
			c.ended()
		})
		deaf := connect(l.t, l.clients, "10.0.0.2:2100")
		var sent atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 100_000 {
				n, err := deaf.conn.Write([]byte("NOOP\r\n"))
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		if n := sent.Load(); n > 300_000 {
			t.Errorf("%d bytes were taken from a client that does not read", n)
		}
		<-done // with the limit
		w.tunnel.Drain()
		<-w.served
	})
}

// What is known of targets is bounded.
func TestTargetsAreBounded(t *testing.T) {
	tn := &Tunnel{}
	keep := func(k ftpinspect.Knowledge) ftpinspect.Knowledge { k.Dialled = true; return k }
	for i := range mostTargets + 100 {
		tn.learn(fmt.Sprint(i), keep)
	}
	if n := len(tn.know); n != mostTargets {
		t.Errorf("%d are known", n)
	}
	tn.learn(fmt.Sprint(mostTargets+99), func(k ftpinspect.Knowledge) ftpinspect.Knowledge {
		if !k.Dialled {
			t.Error("the last one was forgotten")
		}
		return k
	})
}

// On an address that is not known to anybody PASV cannot be answered and EPSV
// can.
func TestTurnedRoundWildcard(t *testing.T) {
	s := fileServer(t, "one", testenv.Faults{})
	for _, l := range []struct{ bind, local string }{{"0.0.0.0", "127.0.0.1"}, {"::1", "::1"}, {"127.0.0.1", "127.0.0.1"}} {
		side := farSide{bind: l.bind}
		ls, err := side.Listen(t.Context(), "tcp", net.JoinHostPort(l.bind, "0"))
		if err != nil {
			t.Skip(err)
		}
		w := serve(t, &Tunnel{Client: side, Target: s.Addr()}, ls)
		c := login(t, Local{}, net.JoinHostPort(l.local, portText(addrPort(ls.Addr()).Port())))
		switch l.bind {
		case "127.0.0.1":
			if got := c.get("PASV", "RETR f"); string(got) != "one" {
				t.Errorf("%s: %q", l.bind, got)
			}
		default:
			if got := c.do("PASV", "425"); !strings.Contains(got, "EPSV") {
				t.Errorf("%s: %q", l.bind, got)
			}
		}
		for _, verb := range []string{"EPSV", "EPRT"} {
			if got := c.get(verb, "RETR f"); string(got) != "one" {
				t.Errorf("%s, %s: %q", l.bind, verb, got)
			}
		}
		c.conn.Close()
		w.tunnel.Drain()
		<-w.served
	}
}

// farSide is this machine as it is seen through an SSH server: an accepted
// connection knows its listener's address and no other.
type farSide struct {
	Local
	bind string
}

func (s farSide) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	if host, _, _ := net.SplitHostPort(address); host != s.bind {
		return nil, fmt.Errorf("listening on %q, not on %q", address, s.bind)
	}
	l, err := s.Local.Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return farListener{l, netip.MustParseAddr(s.bind)}, nil
}

type farListener struct {
	net.Listener
	bind netip.Addr
}

func (l farListener) Addr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(l.bind, addrPort(l.Listener.Addr()).Port()))
}

func (l farListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return farConn{c.(Conn), l.Addr()}, nil
}

type farConn struct {
	Conn
	local net.Addr
}

func (c farConn) LocalAddr() net.Addr { return c.local }

// A proxy's client, too, that says all it wants at once and ends its half is
// answered.
func TestProxyEarlyEnd(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.want("QUIT")
		s.say("221 bye")
	}, func(l *lab) {
		l.tunnel.Target = ""
		l.ssh.set(func(s *memSide) { s.delay = 5 * time.Second })
		c := l.connect()
		c.say("USER a@127.0.0.1\r\nPASS b\r\nQUIT")
		closeWrite(c.conn)
		for _, code := range []string{"220", "331", "230", "221"} {
			c.hear(code)
		}
		c.ended()
	})
}
