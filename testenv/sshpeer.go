package testenv

import (
	"context"
	"sync"

	"golang.org/x/crypto/ssh"
)

// peer is one authenticated client of an SSHServer.
type peer struct {
	server *SSHServer
	conn   *ssh.ServerConn
	tcp    *outboxConn
	ctx    context.Context // done when the connection is
	sub    conns           // what this connection has open: targets, listeners
	wg     sync.WaitGroup

	mu       sync.Mutex
	forwards map[forwardKey]*forward // guarded by mu
}

func newPeer(s *SSHServer, sc *ssh.ServerConn, tcp *outboxConn) *peer {
	return &peer{server: s, conn: sc, tcp: tcp, forwards: make(map[forwardKey]*forward)}
}

// run serves the connection until it is gone, then ends what it had open, as
// the exit of sshd's child does.
func (p *peer) run(channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) {
	ctx, cancel := context.WithCancel(p.server.ctx)
	p.ctx = ctx
	p.wg.Go(func() { p.serveRequests(requests) })
	p.announceHostKeys()
	for ch := range channels {
		p.serveChannel(ch)
	}
	cancel()
	p.sub.closeAll()
	p.conn.Close()
	p.wg.Wait()
}

func (p *peer) serveChannel(ch ssh.NewChannel) {
	switch ch.ChannelType() {
	case "direct-tcpip":
		p.wg.Go(func() { p.serveDirect(ch) })
	case "session":
		p.wg.Go(func() { p.serveSession(ch) })
	default:
		p.wg.Go(func() { _ = ch.Reject(ssh.UnknownChannelType, "unsupported channel type") })
	}
}

// serveRequests answers global requests in their order (RFC 4254, section 4).
func (p *peer) serveRequests(requests <-chan *ssh.Request) {
	for r := range requests {
		switch r.Type {
		case "tcpip-forward":
			p.startForward(r)
		case "cancel-tcpip-forward":
			p.cancelForward(r)
		case "keepalive@openssh.com":
			p.server.counts.add(func(c *SSHCounts) { c.Keepalives++ })
			_ = r.Reply(false, nil) // as OpenSSH: any answer will do
		case "hostkeys-prove-00@openssh.com":
			p.proveHostKeys(r)
		case "no-more-sessions@openssh.com":
			_ = r.Reply(true, nil)
		default:
			_ = r.Reply(false, nil)
		}
	}
}
