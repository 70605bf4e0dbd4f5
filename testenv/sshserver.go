package testenv

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// SSHOptions is how an [SSHServer] starts. The zero value is a server on an
// IPv4 loopback port with one Ed25519 host key, which lets any user in that
// has the generated [SSHServer.ClientKey].
type SSHOptions struct {
	Addr     string       // where to listen; "127.0.0.1:0" if empty
	HostKeys []ssh.Signer // the first of each type is used, all are announced; one Ed25519 key is made if there is none
	Version  string       // identification, "SSH-2.0-…"; x/crypto's if empty
	Banner   string       // shown before authentication

	Auth SSHAuth

	// GatewayPorts is sshd_config's: "no" (also ""), "yes", "clientspecified".
	GatewayPorts string

	// PermitOpen lists the only targets of direct-tcpip, as "host:port" or
	// "host:*". Empty permits all.
	PermitOpen []string

	// Nagle leaves Nagle's algorithm on until something was executed, as
	// OpenSSH before 10.1 does.
	Nagle bool

	// RekeyBytes asks for new keys each time so many bytes have been sent one
	// way; x/crypto's own threshold if 0.
	RekeyBytes uint64

	// Ciphers, KeyExchanges and MACs restrict the algorithms; nil does not.
	Ciphers, KeyExchanges, MACs []string

	// DialContext reaches the targets of direct-tcpip; a net.Dialer's if nil.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
}

// SSHServer is an SSH server with direct-tcpip, tcpip-forward and exec. It
// behaves as OpenSSH's sshd where the two could differ: the far end of a
// forward sees every end of a channel as a FIN, remote forwards bind loopback
// whatever was asked, refusals carry its reasons.
type SSHServer struct {
	opts      SSHOptions
	listener  net.Listener
	clientKey ssh.Signer
	clientPEM []byte

	gate  gate
	conns conns // SSH connections, listeners and forwarded connections
	live  conns // the SSH connections alone
	peers conns // of them, those that are authenticated, as *peer
	wg    sync.WaitGroup
	ctx   context.Context
	stop  context.CancelFunc

	refuseDirect, refuseForward, refuseExec atomic.Bool

	auth   authState
	permit permitList
	counts watched[SSHCounts]
}

// handshakeTimeout limits the time until a client is authenticated.
const handshakeTimeout = 2 * time.Minute

// NewSSHServer starts a server. It runs until Close.
func NewSSHServer(o SSHOptions) (*SSHServer, error) {
	s := &SSHServer{opts: o}
	s.permit.set(o.PermitOpen)
	if err := s.prepareKeys(); err != nil {
		return nil, err
	}
	s.auth.set(o.Auth, s.clientKey.PublicKey())
	addr := o.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("ssh server: %w", err)
	}
	s.listener = l
	s.conns.add(l)
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.wg.Go(s.serve)
	return s, nil
}

// Addr is where the server listens, host:port.
func (s *SSHServer) Addr() string { return s.listener.Addr().String() }

// Port is the TCP port of Addr.
func (s *SSHServer) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Close ends every connection, thaws the server if it is frozen, and waits for
// all that it started.
func (s *SSHServer) Close() error {
	s.stop()
	s.gate.open()
	s.conns.closeAll()
	s.wg.Wait()
	return nil
}

// RefuseDirect makes the server reject direct-tcpip as administratively
// prohibited, as AllowTcpForwarding remote does.
func (s *SSHServer) RefuseDirect(refuse bool) { s.refuseDirect.Store(refuse) }

// RefuseForward makes the server deny tcpip-forward, as AllowTcpForwarding
// local does. Forwards that exist stay.
func (s *SSHServer) RefuseForward(refuse bool) { s.refuseForward.Store(refuse) }

// RefuseExec makes the server refuse session channels.
func (s *SSHServer) RefuseExec(refuse bool) { s.refuseExec.Store(refuse) }

// PermitOpen replaces the list of permitted targets; none permits all.
func (s *SSHServer) PermitOpen(targets ...string) { s.permit.set(targets) }

// Freeze makes the server stand still, as SIGSTOP does: every connection stays
// open, nothing is read from it or written to it. New connections are accepted
// by the kernel and find no SSH server speaking.
func (s *SSHServer) Freeze() { s.gate.close() }

// Thaw ends a Freeze.
func (s *SSHServer) Thaw() { s.gate.open() }

// Drop resets the TCP connection of every SSH client. The server goes on
// listening.
func (s *SSHServer) Drop() { s.live.resetAll() }

func (s *SSHServer) serve() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		conn := newOutboxConn(newGatedConn(c.(*net.TCPConn), &s.gate))
		s.counts.add(func(c *SSHCounts) { c.Connections++ })
		if s.opts.Nagle {
			_ = conn.SetNoDelay(false)
		}
		if s.conns.add(conn) {
			s.live.add(conn)
			s.wg.Go(conn.send)
			s.wg.Go(func() { s.serveConn(conn) })
		}
	}
}

// serveConn is one SSH connection from its first byte to its last.
func (s *SSHServer) serveConn(conn *outboxConn) {
	defer s.conns.remove(conn)
	defer s.live.remove(conn)
	_ = conn.SetDeadline(time.Now().Add(handshakeTimeout))
	sc, channels, requests, err := ssh.NewServerConn(conn, s.newConfig())
	if err != nil {
		s.counts.add(func(c *SSHCounts) { c.Failed++ })
		return
	}
	_ = conn.SetDeadline(time.Time{})
	p := newPeer(s, sc, conn)
	s.peers.add(p)
	defer s.peers.remove(p)
	p.run(channels, requests)
}
