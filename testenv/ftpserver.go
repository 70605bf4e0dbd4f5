package testenv

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"sync"
)

// FTPOptions is how an [FTPServer] starts. The zero value serves an empty
// [Tree] on an IPv4 loopback port to whoever logs in.
type FTPOptions struct {
	// Addr is where to listen, "127.0.0.1:0" if empty. The host "localhost"
	// is both loopback addresses, on the same port.
	Addr string

	Tree *Tree  // the files; a new one if nil
	Root string // a directory to serve instead

	Users        map[string]string // passwords; anybody may log in if nil
	Features     []string          // lines of FEAT; what there is if nil, no FEAT at all if empty
	PassivePorts [2]int            // first and last port of passive mode; any if zero

	// TLS offers AUTH TLS with PROT C and P (RFC 4217); RequireTLS refuses a
	// login without it. See SelfSigned.
	TLS        *tls.Config
	RequireTLS bool

	Faults Faults
}

// FTPServer is an FTP server (RFC 959, 2389, 2428, 3659) that misbehaves to
// order. Its data connections are those of the strict servers: only with the
// peer of the control connection, from port 1024 on.
type FTPServer struct {
	opts      FTPOptions
	files     files
	root      *os.Root // nil without FTPOptions.Root
	listeners []net.Listener

	gate  gate
	conns conns // everything that is open
	live  conns // control and data connections
	wg    sync.WaitGroup
	ctx   context.Context
	stop  context.CancelFunc

	counts watched[FTPCounts]

	mu       sync.Mutex
	faults   Faults                   // guarded by mu
	sessions map[*ftpSession]struct{} // guarded by mu
}

// NewFTPServer starts a server. It runs until Close.
func NewFTPServer(o FTPOptions) (*FTPServer, error) {
	s := &FTPServer{opts: o, faults: o.Faults, sessions: make(map[*ftpSession]struct{})}
	if o.Root != "" {
		root, err := os.OpenRoot(o.Root)
		if err != nil {
			return nil, fmt.Errorf("ftp server: %w", err)
		}
		s.root, s.files = root, directory{root}
	} else {
		if s.opts.Tree == nil {
			s.opts.Tree = &Tree{}
		}
		s.files = s.opts.Tree
	}
	var err error
	if s.listeners, err = listenLoopback(o.Addr); err != nil {
		if s.root != nil {
			s.root.Close()
		}
		return nil, fmt.Errorf("ftp server: %w", err)
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	for _, l := range s.listeners {
		s.conns.add(l)
		s.wg.Go(func() { s.serve(l) })
	}
	return s, nil
}

// listenLoopback listens on addr, or on both loopback addresses for the host
// "localhost", with the same port.
func listenLoopback(addr string) ([]net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if host != "localhost" {
		l, err := net.Listen("tcp", addr)
		return []net.Listener{l}, err
	}
	const tries = 20 // a port that is free on one address may be taken on the other
	for range tries {
		var four, six net.Listener
		if four, err = net.Listen("tcp4", net.JoinHostPort("127.0.0.1", port)); err != nil {
			return nil, err
		}
		_, same, _ := net.SplitHostPort(four.Addr().String())
		if six, err = net.Listen("tcp6", net.JoinHostPort("::1", same)); err == nil {
			return []net.Listener{four, six}, nil
		}
		four.Close()
	}
	return nil, err
}

// Addr is where the server listens, host:port; the IPv4 address if both.
func (s *FTPServer) Addr() string { return s.listeners[0].Addr().String() }

// Port is the TCP port of Addr.
func (s *FTPServer) Port() int { return s.listeners[0].Addr().(*net.TCPAddr).Port }

// Tree is what the server serves, nil if it serves a directory.
func (s *FTPServer) Tree() *Tree { return s.opts.Tree }

// Close ends every session and waits for all that the server started.
func (s *FTPServer) Close() error {
	s.stop()
	s.conns.closeAll()
	s.wg.Wait()
	if s.root != nil {
		return s.root.Close()
	}
	return nil
}

func (s *FTPServer) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		conn := newGatedConn(c.(*net.TCPConn), &s.gate)
		if s.conns.add(conn) {
			s.live.add(conn)
			s.wg.Go(func() { s.serveConn(conn) })
		}
	}
}

func (s *FTPServer) serveConn(conn *gatedConn) {
	defer s.conns.remove(conn)
	defer s.live.remove(conn)
	session := newFTPSession(s, conn)
	s.mu.Lock()
	s.sessions[session] = struct{}{}
	s.mu.Unlock()
	s.counts.add(func(c *FTPCounts) { c.Sessions++; c.Open++ })
	session.run()
	s.mu.Lock()
	delete(s.sessions, session)
	s.mu.Unlock()
	s.counts.add(func(c *FTPCounts) { c.Open-- })
}
