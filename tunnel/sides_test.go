package tunnel

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"testing/synctest"

	"ftptunnel/ftpinspect"
	"ftptunnel/testenv"
)

const passiveOnly = ftpinspect.ModePassive

// Clients may stand on the side of the SSH server, and the FTP server here.
func TestTurnedRound(t *testing.T) {
	for _, at := range []struct{ listen, client string }{
		{"127.0.0.1:2121", "127.0.0.1"},
		{"localhost:2121", "127.0.0.1"},
		{"localhost:2121", "::1"}, // known by its own address alone
	} {
		for _, verb := range []string{"EPSV", "EPRT"} {
			inLab(t, &Tunnel{}, func(s *ftpScript) {
				s.login()
				c := s.accept(s.passive())
				s.want("RETR f")
				s.deliver(c, "file")
				s.idle()
			}, func(l *lab) {
				remote := l.net.through("127.0.0.1")
				ls, err := remote.Listen(context.Background(), "tcp", at.listen)
				if err != nil {
					t.Fatal(err)
				}
				w := serve(l.t, &Tunnel{Client: remote, Server: l.ftp, Target: "127.0.0.1:21", Mode: passiveOnly}, ls)
				clients := l.net.host(at.client)
				c := login(l.t, clients, net.JoinHostPort(at.client, "2121"))
				if got := c.get(verb, "RETR f"); string(got) != "file" {
					t.Errorf("%v %s: %q", at, verb, got)
				}
				c.conn.Close()
				w.tunnel.Drain()
				<-w.served
			})
		}
	}
}

// In active mode a server elsewhere is told the address that the tunnel has
// towards it, where that is known.
func TestActiveFromOwnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newMemNet()
		here, ftp := n.host("10.0.0.2"), n.host("10.0.0.9")
		served, err := ftp.Listen(t.Context(), "tcp", "10.0.0.9:21")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c, err := served.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			s := &ftpScript{t: t, side: ftp, conn: c, r: bufio.NewReader(c)}
			s.login()
			at := s.port()
			if host, _, _ := net.SplitHostPort(at); host != "10.0.0.2" {
				s.fail("PORT names %s", at)
			}
			s.say("200 ok")
			s.want("RETR f")
			s.say("150 here")
			d := s.dial(at)
			d.Write([]byte("file"))
			d.Close()
			s.say("226 done")
			s.idle()
		}()
		remote := n.through("127.0.0.1")
		ls, err := remote.Listen(t.Context(), "tcp", "127.0.0.1:2121")
		if err != nil {
			t.Fatal(err)
		}
		w := serve(t, &Tunnel{Client: remote, Server: here, Target: "10.0.0.9:21", Mode: ftpinspect.ModeActive}, ls)
		c := login(t, n.host("127.0.0.1"), "127.0.0.1:2121")
		if got := c.get("PASV", "RETR f"); string(got) != "file" {
			t.Errorf("%q", got)
		}
		c.conn.Close()
		w.tunnel.Drain()
		<-w.served
		served.Close()
		<-done
	})
}

// The transport of the client's side may be lost, too: its clients have aborted
// nothing.
func TestTurnedRoundLost(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.halfDownload("EPSV", func(c io.WriteCloser) { c.Write(make([]byte, 8<<20)) })
	}, func(l *lab) {
		remote := l.net.through("127.0.0.1")
		ls, err := remote.Listen(context.Background(), "tcp", "127.0.0.1:2121")
		if err != nil {
			t.Fatal(err)
		}
		w := serve(l.t, &Tunnel{Client: remote, Server: l.ftp, Target: "127.0.0.1:21", Mode: passiveOnly}, ls)
		c := login(l.t, l.net.host("127.0.0.1"), "127.0.0.1:2121")
		readHalf(t, c.begin("EPSV", "RETR f"))
		remote.lose()
		if e := await(w, any1[TransferEnded]); e.Aborted || !errors.Is(e.Err, errLost) {
			t.Errorf("aborted %v, %v", e.Aborted, e.Err)
		}
		if cuts := w.tunnel.Cut(); len(cuts) != 1 {
			t.Errorf("cut: %v", cuts)
		}
		w.tunnel.Drain()
		<-w.served
	})
}

// The port that the server names is dialled at the host of its control
// connection, and at the address in the 227 only if that is asked for.
func TestDataHost(t *testing.T) {
	for _, obey := range []bool{false, true} {
		tree := &testenv.Tree{}
		tree.Put("f", []byte("file"))
		ftp := ftpServer(t, testenv.FTPOptions{Tree: tree, Faults: testenv.Faults{Masquerade: netip.MustParseAddr("127.9.9.9")}})
		dials := &recorder{dialled: make(chan string, 100)}
		w := serve(t, &Tunnel{Server: dials, Target: ftp.Addr(), ReplyHost: obey, Mode: passiveOnly}, listen(t, "127.0.0.1:0"))
		c := login(t, Local{}, w.addr)
		if !obey {
			if got := c.get("PASV", "RETR f"); string(got) != "file" {
				t.Errorf("%q", got)
			}
		} else {
			c.do("PASV", "425")
		}
		want := "127.0.0.1"
		if obey {
			want = "127.9.9.9"
		}
		last := dials.last()
		if host, _, _ := net.SplitHostPort(last); host != want {
			t.Errorf("dialled %q, want host %s", last, want)
		}
	}
}

// recorder is this machine, and remembers what was dialled.
type recorder struct {
	Local
	dialled chan string
}

func (r *recorder) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	r.dialled <- address
	return r.Local.DialContext(ctx, network, address)
}

func (r *recorder) last() (address string) {
	for len(r.dialled) > 0 {
		address = <-r.dialled
	}
	return address
}

// An active client's connection comes from the address that it knows.
func TestActiveSource(t *testing.T) {
	tree := &testenv.Tree{}
	tree.Put("f", []byte("file"))
	ftp := ftpServer(t, testenv.FTPOptions{Tree: tree})
	w := serve(t, &Tunnel{Target: ftp.Addr()}, listen(t, "127.0.0.3:0"))
	c := login(t, Local{}, w.addr)
	d := c.ask("PORT")
	c.say("RETR f")
	conn := d.open()
	if from := addrPort(conn.RemoteAddr()).Addr().String(); from != "127.0.0.3" {
		t.Errorf("the connection comes from %s", from)
	}
	io.Copy(io.Discard, conn)
	conn.Close()
	c.hear("150")
	c.hear("226")
}

// sourceSide notes where it was to dial from.
type sourceSide struct {
	Local
	sources chan netip.Addr
}

func (s sourceSide) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return s.DialFrom(ctx, netip.Addr{}, network, address)
}

func (s sourceSide) DialFrom(ctx context.Context, source netip.Addr, network, address string) (net.Conn, error) {
	s.sources <- source
	return s.Local.DialFrom(ctx, source, network, address)
}

// A third host is not dialled from the address that the client has reached us
// at: a loopback address leads nowhere else.
func TestActiveSourceThirdHost(t *testing.T) {
	tree := &testenv.Tree{}
	tree.Put("f", []byte("file"))
	ftp := ftpServer(t, testenv.FTPOptions{Tree: tree})
	side := sourceSide{sources: make(chan netip.Addr, 1)}
	w := serve(t, &Tunnel{Client: side, Target: ftp.Addr(), FXP: true}, listen(t, "127.0.0.1:0"))
	c := login(t, Local{}, w.addr)
	third := listen(t, "127.0.0.7:0")
	defer third.Close()
	c.do(portLine("PORT", addrPort(third.Addr())), "200")
	c.do("RETR f", "150")
	if from := <-side.sources; from.IsValid() {
		t.Errorf("dialled from %v", from)
	}
	conn, err := third.Accept()
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, conn)
	conn.Close()
	c.hear("226")
}

func TestListenLoopback(t *testing.T) {
	ls, err := ListenLoopback(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	port := addrPort(ls[0].Addr()).Port()
	for _, l := range ls {
		defer l.Close()
		if a := addrPort(l.Addr()); a.Port() != port || !a.Addr().IsLoopback() {
			t.Errorf("listens on %v, want port %d", a, port)
		}
	}
	if again, err := ListenLoopback(t.Context(), port); !errors.Is(err, errInUse) {
		t.Errorf("a port in use: %v, %v", again, err)
	}
}

// A port that is taken on one of the addresses is no port for all.
func TestListenLoopbackHalfTaken(t *testing.T) {
	for _, a := range loopbacks {
		l, err := net.Listen("tcp", netip.AddrPortFrom(a, 0).String())
		if err != nil {
			t.Skip("no", a)
		}
		defer l.Close()
		if _, err := ListenLoopback(t.Context(), addrPort(l.Addr()).Port()); !errors.Is(err, errInUse) {
			t.Errorf("%v taken: %v", a, err)
		}
	}
}

// To listen on localhost is to listen on all loopback addresses, as one.
func TestLocalListensOnLocalhost(t *testing.T) {
	l := listen(t, "localhost:0")
	port := strconv.Itoa(int(addrPort(l.Addr()).Port()))
	for _, a := range loopbacks {
		c, err := net.Dial("tcp", net.JoinHostPort(a.String(), port))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		got, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if addrPort(got.RemoteAddr()) != addrPort(c.LocalAddr()) {
			t.Errorf("accepted %v, want %v", got.RemoteAddr(), c.LocalAddr())
		}
		got.Close()
	}
	pending, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		t.Fatal(err)
	}
	defer pending.Close()
	l.Close()
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
}
