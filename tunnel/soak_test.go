package tunnel

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ftptunnel/testenv"
)

// cutSide is this machine behind a transport that can be lost: connections
// then fail here, and end there with a FIN, as sshd has it.
type cutSide struct {
	Local
	mu    sync.Mutex
	conns map[*cutConn]struct{}
}

type cutConn struct {
	net.Conn
	side *cutSide
	lost atomic.Bool
}

func (s *cutSide) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := s.Local.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return s.wrap(c), nil
}

func (s *cutSide) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	l, err := s.Local.Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return cutListener{l, s}, nil
}

type cutListener struct {
	net.Listener
	side *cutSide
}

func (l cutListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.side.wrap(c), nil
}

func (s *cutSide) wrap(c net.Conn) net.Conn {
	k := &cutConn{Conn: c, side: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		s.conns = map[*cutConn]struct{}{}
	}
	s.conns[k] = struct{}{}
	return k
}

// cut loses every connection that there is.
func (s *cutSide) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.lost.Store(true)
		c.Conn.Close()
	}
	clear(s.conns)
}

func (c *cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	return n, c.named(err)
}

func (c *cutConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	return n, c.named(err)
}

func (c *cutConn) named(err error) error {
	if err != nil && c.lost.Load() {
		return errLost
	}
	return err
}

func (c *cutConn) CloseWrite() error { return c.named(closeWrite(c.Conn)) }

func (c *cutConn) Close() error {
	c.side.mu.Lock()
	delete(c.side.conns, c)
	c.side.mu.Unlock()
	return c.Conn.Close()
}

func (c *cutConn) Abort() error { return c.Close() }

// faultsBy are the ways in which the server misbehaves by turns.
var faultsBy = []testenv.Faults{
	{},
	{EarlyReply: true},
	{CutAfter: 100_000, Cut: testenv.CutReset},
	{CutAfter: 100_000, Cut: testenv.CutFIN},
	{CutAfter: 100_000, Cut: testenv.CutVanish},
	{EarlyDial: true, KeepPort: true},
	{Replies: map[string]string{"PORT": "500 Illegal PORT command.", "EPRT": "500 no"}},
	{Replies: map[string]string{"PASV": "502 no", "EPSV": "502 no"}},
	{DeadPort: true},
}

// Whatever fails, a client that sees an end of file and a 226 has the whole
// file, and one whose upload gets a 226 has stored it whole. In the end nothing
// is left.
func TestFaultySoak(t *testing.T) {
	rounds := 40
	if testing.Short() {
		rounds = 4
	}
	tree := &testenv.Tree{}
	payload := random(300<<10, 11)
	tree.Put("f", bytes.Clone(payload))
	ftp := ftpServer(t, testenv.FTPOptions{Tree: tree})
	side := &cutSide{}
	var begun atomic.Int64
	w := serve(t, &Tunnel{Server: side, Target: ftp.Addr(), Observe: func(e Event) {
		if _, ok := e.(TransferStarted); ok && begun.Add(1)%25 == 0 {
			side.cut()
		}
	}}, listen(t, "127.0.0.1:0"))

	var whole, failed atomic.Int64
	for round := range rounds {
		faults := faultsBy[round%len(faultsBy)]
		ftp.SetFaults(faults)
		var wg sync.WaitGroup
		for client := range 6 {
			wg.Go(func() {
				u := &user{early: faults.EarlyReply, quiet: quiet{TB: t}, tree: tree, payload: payload, rand: rand.New(rand.NewPCG(uint64(round), uint64(client)))}
				n, err := u.work(w.addr, fmt.Sprintf("up%d", client))
				whole.Add(n)
				if err != nil {
					failed.Add(1)
				}
			})
		}
		wg.Wait()
	}
	t.Logf("%d whole transfers, %d of %d sessions failed, as they should", whole.Load(), failed.Load(), rounds*6)
	if whole.Load() == 0 || failed.Load() == 0 {
		t.Error("nothing was tried")
	}
	w.tunnel.Drain()
	if err := <-w.served; err != nil {
		t.Error(err)
	}
}

// user is a client whose failures are its own.
type user struct {
	quiet
	early   bool // the server's 226 to an upload means nothing
	tree    *testenv.Tree
	payload []byte
	rand    *rand.Rand
}

// gaveUp is what a user panics with in place of failing the test.
type gaveUp struct{ error }

func (u *user) Fatalf(format string, args ...any) { panic(gaveUp{fmt.Errorf(format, args...)}) }
func (u *user) Fatal(args ...any)                 { panic(gaveUp{fmt.Errorf("%v", args)}) }

// work makes some transfers and returns how many were whole, and what ended
// the session early.
func (u *user) work(addr, name string) (whole int64, err error) {
	defer u.cleanUp()
	defer func() {
		switch p := recover().(type) {
		case nil:
		case gaveUp:
			err = p
		default:
			panic(p)
		}
	}()
	c := login(u, Local{}, addr)
	c.patience = time.Second // the transport may be lost between the 150 and the dial
	for range 5 {
		verb := verbs[u.rand.IntN(len(verbs))]
		switch u.rand.IntN(5) {
		case 0, 1:
			if got := c.get(verb, "RETR f"); !bytes.Equal(got, u.payload) {
				u.Errorf("a file of %d bytes was called complete", len(got))
			}
		case 2, 3:
			c.put(verb, "STOR "+name, u.payload)
			if got, _ := u.tree.Get(name); !u.early && !bytes.Equal(got, u.payload) {
				u.Errorf("an upload of %d bytes was called complete", len(got))
			}
		default:
			conn := c.begin(verb, "STOR aborted"+name)
			conn.Write(u.payload[:1+u.rand.IntN(len(u.payload))])
			abort(conn)
			c.hear("426", "451", "425")
			continue
		}
		whole++
	}
	c.say("QUIT")
	io.Copy(io.Discard, c.r)
	return whole, nil
}
