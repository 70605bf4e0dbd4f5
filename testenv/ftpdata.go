package testenv

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// dataPath is how the next data connection comes about. Closing it ends what
// was made ready and not used.
type dataPath interface {
	open(ctx context.Context) (net.Conn, error)
	close()
}

// dataTimeout limits the wait for a data connection.
const dataTimeout = time.Minute

var errForeign = errors.New("data connection from a foreign address")

// passivePath waits for one connection of the peer.
type passivePath struct {
	session  *ftpSession
	listener net.Listener
	peer     netip.Addr // zero: any
}

func (p *passivePath) open(ctx context.Context) (net.Conn, error) {
	defer p.close()
	defer context.AfterFunc(ctx, p.close)()
	_ = p.listener.(*net.TCPListener).SetDeadline(time.Now().Add(dataTimeout))
	c, err := p.listener.Accept()
	if err != nil {
		return nil, err
	}
	if p.peer.IsValid() && addrOf(c.RemoteAddr()).Addr() != p.peer {
		c.Close()
		return nil, errForeign
	}
	return c, nil
}

func (p *passivePath) close() { p.session.server.conns.remove(p.listener) }

// activePath connects to the client. With early, that began at the PORT.
type activePath struct {
	dialer net.Dialer
	addr   netip.AddrPort
	early  net.Conn
}

func (p *activePath) open(ctx context.Context) (net.Conn, error) {
	if c := p.early; c != nil {
		p.early = nil
		return c, nil
	}
	return p.dialer.DialContext(ctx, "tcp", p.addr.String())
}

func (p *activePath) close() {
	if p.early != nil {
		p.early.Close()
	}
}

func addrOf(a net.Addr) netip.AddrPort {
	ap := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

func (s *ftpSession) localAddr() netip.Addr { return addrOf(s.tcp.LocalAddr()).Addr() }
func (s *ftpSession) peerAddr() netip.Addr  { return addrOf(s.tcp.RemoteAddr()).Addr() }

// setData replaces how the next data connection comes about.
func (s *ftpSession) setData(p dataPath) {
	if s.data != nil {
		s.data.close()
	}
	if s.dead != nil {
		s.dead.Close()
	}
	s.data, s.dead = p, nil
}

// takeData returns how the data connection of a transfer comes about, nil if
// nothing was announced. It serves one transfer.
func (s *ftpSession) takeData(keepPort bool) dataPath {
	p := s.data
	if _, active := p.(*activePath); !active || !keepPort {
		s.data = nil
	}
	return p
}

// listenData opens a passive port on the address of the control connection.
func (s *ftpSession) listenData() (netip.AddrPort, error) {
	f := s.server.currentFaults()
	s.setData(nil)
	l, err := s.listenPort()
	if err != nil {
		return netip.AddrPort{}, err
	}
	at := addrOf(l.Addr())
	if f.DeadPort {
		s.bury(l)
		return at, nil
	}
	if !s.server.conns.add(l) {
		l.Close()
		return at, nil
	}
	p := &passivePath{session: s, listener: l, peer: s.peerAddr()}
	if f.Foreign {
		p.peer = netip.Addr{}
	}
	s.setData(p)
	return at, nil
}

// bury makes an address where somebody listens one that refuses connections,
// and that nobody else gets until the session announces another: the near end
// of a connection.
func (s *ftpSession) bury(l net.Listener) {
	at := l.Addr()
	l.Close()
	far, err := net.Listen("tcp", net.JoinHostPort(s.localAddr().String(), "0"))
	if err != nil {
		return
	}
	defer far.Close()
	d := net.Dialer{LocalAddr: at, Timeout: dialTimeout}
	if c, err := d.Dial("tcp", far.Addr().String()); err == nil {
		s.dead = c
	}
}

func (s *ftpSession) listenPort() (net.Listener, error) {
	first, last := s.server.opts.PassivePorts[0], s.server.opts.PassivePorts[1]
	var l net.Listener
	var err error
	for port := first; port <= max(first, last); port++ {
		l, err = net.Listen("tcp", net.JoinHostPort(s.localAddr().String(), strconv.Itoa(port)))
		if err == nil {
			return l, nil
		}
	}
	return nil, err
}

// resetData resets the data connection that is in use.
func (s *ftpSession) resetData() {
	s.dmu.Lock()
	defer s.dmu.Unlock()
	if s.current != nil {
		reset(s.current)
	}
}

// adopt makes c the session's data connection and puts it in the care of the
// server.
func (s *ftpSession) adopt(c net.Conn) (*gatedConn, bool) {
	conn := newGatedConn(c.(*net.TCPConn), &s.server.gate)
	if !s.server.conns.add(conn) {
		return nil, false
	}
	s.server.live.add(conn)
	s.server.counts.add(func(c *FTPCounts) { c.Data++ })
	s.dmu.Lock()
	s.current = conn
	s.dmu.Unlock()
	return conn, true
}

// release closes the session's data connection.
func (s *ftpSession) release(conn *gatedConn) {
	s.dmu.Lock()
	s.current = nil
	s.dmu.Unlock()
	s.server.live.remove(conn)
	s.server.conns.remove(conn)
}
