package tunnel

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// memNet is a network in memory, for tests whose time is virtual and whose
// transport can be lost.
type memNet struct {
	mu        sync.Mutex
	listeners map[string]*memListener
	port      uint16
}

func newMemNet() *memNet { return &memNet{listeners: map[string]*memListener{}, port: 20000} }

// memSide is a host of a memNet. With ssh set its connections behave as those
// through an SSH server do: no real addresses, and a reset looks like a FIN.
type memSide struct {
	net  *memNet
	addr netip.Addr
	ssh  bool

	mu      sync.Mutex // guards what follows
	conns   []*memConn
	lost    error
	refuse  error         // what dials get
	hang    bool          // dials get no answer
	delay   time.Duration // how long a dial takes
	denied  error         // what listens get
	rtt     time.Duration // what RoundTrip says
	retired []netip.AddrPort
}

func (n *memNet) host(addr string) *memSide {
	return &memSide{net: n, addr: netip.MustParseAddr(addr)}
}

// through is a host that is reached through an SSH server on it.
func (n *memNet) through(addr string) *memSide {
	return &memSide{net: n, addr: netip.MustParseAddr(addr), ssh: true}
}

func (s *memSide) set(f func(*memSide)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

// errLost wraps what has ended the transport, as SSH connections do: it is not
// what the peer of a connection within has done.
var errLost error = memLost{syscall.ECONNRESET}

type memLost struct{ error }

func (memLost) Error() string   { return "connection lost" }
func (e memLost) Unwrap() error { return e.error }
func (memLost) Lost() bool      { return true }

// lose breaks the transport: here every connection fails, there the SSH server
// ends each with a FIN.
func (s *memSide) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = errLost
	for _, c := range s.conns {
		c.in.fail(errLost)
		c.out.end()
		c.out.failWrites(errLost)
		c.in.failWrites(syscall.EPIPE)
	}
}

func (s *memSide) RoundTrip() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rtt
}

func (s *memSide) own(c *memConn) net.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, c)
	return c
}

func (s *memSide) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	s.mu.Lock()
	refuse, hang, delay := s.refuse, s.hang, s.delay
	if s.lost != nil {
		refuse = s.lost
	}
	s.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if delay > 0 {
		time.Sleep(delay)
	}
	if refuse != nil {
		return nil, refuse
	}
	return s.net.dial(s, address)
}

func (n *memNet) dial(s *memSide, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	l := n.listeners[address]
	n.port++
	from := netip.AddrPortFrom(s.addr, n.port)
	n.mu.Unlock()
	if l == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	here, there := memPair(from, to)
	if s.ssh {
		here.hideAddrs()
		there.fin = true
	}
	there.fin = there.fin || l.side.ssh
	here.fin = there.fin
	if !l.deliver(l.side.own(there).(*memConn)) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return s.own(here), nil
}

func (s *memSide) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	s.mu.Lock()
	denied := s.denied
	s.mu.Unlock()
	if denied != nil {
		return nil, denied
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	names := []string{host}
	if host == "localhost" {
		names = []string{"127.0.0.1", "::1"}
	}
	n := s.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if port == "0" {
		n.port++
		port = fmt.Sprint(n.port)
	}
	at := netip.MustParseAddrPort(net.JoinHostPort(names[0], port))
	l := &memListener{side: s, at: at, backlog: make(chan *memConn, 16), done: make(chan struct{})}
	for _, name := range names {
		key := net.JoinHostPort(name, port)
		if n.listeners[key] != nil {
			return nil, syscall.EADDRINUSE
		}
		n.listeners[key] = l
		l.keys = append(l.keys, key)
	}
	return l, nil
}

// memListener is one of a memSide.
type memListener struct {
	side    *memSide
	at      netip.AddrPort
	keys    []string
	backlog chan *memConn
	done    chan struct{}
	close   sync.Once
}

func (l *memListener) deliver(c *memConn) bool {
	select {
	case <-l.done:
		return false
	case l.backlog <- c:
		return true
	}
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
		return nil, net.ErrClosed
	case c := <-l.backlog:
		return c, nil
	}
}

func (l *memListener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }

func (l *memListener) Close() error {
	l.close.Do(func() {
		n := l.side.net
		n.mu.Lock()
		for _, k := range l.keys {
			delete(n.listeners, k)
		}
		n.mu.Unlock()
		close(l.done)
		for len(l.backlog) > 0 {
			(<-l.backlog).Abort()
		}
	})
	return nil
}

func (l *memListener) Retire() error {
	l.side.set(func(s *memSide) { s.retired = append(s.retired, l.at) })
	return l.Close()
}

// memConn is one end of a connection.
type memConn struct {
	local, remote net.Addr
	in, out       *memPipe
	fin           bool // an abort looks like an end of file
}

// hiddenAddr is not a real address.
type hiddenAddr struct{}

func (hiddenAddr) Network() string { return "ssh" }
func (hiddenAddr) String() string  { return "ssh" }

func memPair(from, to netip.AddrPort) (a, b *memConn) {
	ab, ba := newMemPipe(), newMemPipe()
	f, t := net.TCPAddrFromAddrPort(from), net.TCPAddrFromAddrPort(to)
	return &memConn{local: f, remote: t, in: ba, out: ab}, &memConn{local: t, remote: f, in: ab, out: ba}
}

func (c *memConn) hideAddrs() { c.local, c.remote = hiddenAddr{}, hiddenAddr{} }

func (c *memConn) Read(b []byte) (int, error)  { return c.in.read(b) }
func (c *memConn) Write(b []byte) (int, error) { return c.out.write(b) }
func (c *memConn) CloseWrite() error           { return c.out.end() }

func (c *memConn) Close() error {
	c.out.end()
	c.out.failWrites(net.ErrClosed)
	c.in.failWrites(syscall.EPIPE)
	c.in.fail(net.ErrClosed)
	return nil
}

func (c *memConn) Abort() error {
	if !c.fin {
		c.out.fail(syscall.ECONNRESET)
	}
	return c.Close()
}

func (c *memConn) LocalAddr() net.Addr              { return c.local }
func (c *memConn) RemoteAddr() net.Addr             { return c.remote }
func (c *memConn) SetDeadline(time.Time) error      { return nil }
func (c *memConn) SetReadDeadline(time.Time) error  { return nil }
func (c *memConn) SetWriteDeadline(time.Time) error { return nil }

// memPipe is one direction of a connection, with room for 64 KiB.
type memPipe struct {
	mu       sync.Mutex
	changed  *sync.Cond
	buf      []byte
	eof      bool
	readErr  error
	writeErr error
}

const memRoom = 64 << 10

func newMemPipe() *memPipe {
	p := &memPipe{}
	p.changed = sync.NewCond(&p.mu)
	return p
}

func (p *memPipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.buf) == 0 && !p.eof && p.readErr == nil {
		p.changed.Wait()
	}
	if p.readErr != nil {
		return 0, p.readErr
	}
	if len(p.buf) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.buf)
	p.buf = p.buf[n:]
	p.changed.Broadcast()
	return n, nil
}

func (p *memPipe) write(b []byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(b) > 0 {
		for len(p.buf) == memRoom && p.writeErr == nil {
			p.changed.Wait()
		}
		if p.writeErr != nil {
			return n, p.writeErr
		}
		m := min(len(b), memRoom-len(p.buf))
		p.buf = append(p.buf, b[:m]...)
		b, n = b[m:], n+m
		p.changed.Broadcast()
	}
	return n, p.writeErr
}

// end sends an end of file.
func (p *memPipe) end() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.writeErr != nil {
		return p.writeErr
	}
	p.eof = true
	p.writeErr = net.ErrClosed
	p.changed.Broadcast()
	return nil
}

// fail makes reads fail, at once and for good.
func (p *memPipe) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.readErr == nil {
		p.readErr = err
	}
	p.changed.Broadcast()
}

// failWrites makes writes fail.
func (p *memPipe) failWrites(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.writeErr == nil || p.writeErr == net.ErrClosed {
		p.writeErr = err
	}
	p.changed.Broadcast()
}
