package testenv

import (
	"net"
	"strconv"

	"golang.org/x/crypto/ssh"
)

// forwardMsg is RFC 4254, section 7.1, for tcpip-forward and its cancel.
type forwardMsg struct {
	Host string
	Port uint32
}

// forwardKey names a remote forward: the host as asked, the port as granted.
type forwardKey struct {
	host string
	port uint32
}

// forward is the listeners of one remote forward.
type forward struct {
	key       forwardKey
	listeners []net.Listener
}

// startForward answers a tcpip-forward.
func (p *peer) startForward(r *ssh.Request) {
	var m forwardMsg
	if err := ssh.Unmarshal(r.Payload, &m); err != nil {
		_ = r.Reply(false, nil)
		return
	}
	p.server.counts.add(func(c *SSHCounts) { c.Forward++; keep(&c.Binds, m.Host) })
	if p.server.refuseForward.Load() || m.Port > 65535 {
		p.server.counts.add(func(c *SSHCounts) { c.ForwardRefused++ })
		_ = r.Reply(false, nil)
		return
	}
	f, err := p.listen(m)
	if err != nil {
		_ = r.Reply(false, nil)
		return
	}
	p.mu.Lock()
	p.forwards[f.key] = f
	p.mu.Unlock()
	var payload []byte
	if m.Port == 0 {
		payload = ssh.Marshal(struct{ Port uint32 }{f.key.port})
	}
	_ = r.Reply(true, payload)
	for _, l := range f.listeners {
		p.wg.Go(func() { p.acceptForwarded(l, f.key) })
	}
}

// listen opens what GatewayPorts makes of the request: the same port on each
// address, and at least one of them.
func (p *peer) listen(m forwardMsg) (*forward, error) {
	f := &forward{key: forwardKey{m.Host, m.Port}}
	var failed error
	for _, host := range bindHosts(p.server.opts.GatewayPorts, m.Host) {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(int(f.key.port))))
		if err != nil {
			failed = err
			continue
		}
		f.key.port = uint32(l.Addr().(*net.TCPAddr).Port)
		if !p.sub.add(l) {
			failed = net.ErrClosed // the connection is at its end
			continue
		}
		f.listeners = append(f.listeners, l)
	}
	if len(f.listeners) == 0 {
		return nil, failed
	}
	return f, nil
}

// bindHosts is OpenSSH's channel_fwd_bind_addr: without GatewayPorts whatever
// is not a loopback address means both of them.
func bindHosts(gateway, asked string) []string {
	loopback := []string{"127.0.0.1", "::1"}
	switch {
	case gateway == "yes", gateway == "clientspecified" && (asked == "" || asked == "*"):
		return []string{""}
	case asked == "127.0.0.1", asked == "::1":
		return []string{asked}
	case gateway == "clientspecified" && asked != "localhost":
		return []string{asked}
	}
	return loopback
}

// cancelForward answers a cancel-tcpip-forward.
func (p *peer) cancelForward(r *ssh.Request) {
	var m forwardMsg
	err := ssh.Unmarshal(r.Payload, &m)
	key := forwardKey{m.Host, m.Port}
	p.mu.Lock()
	f, ok := p.forwards[key]
	delete(p.forwards, key)
	p.mu.Unlock()
	if err != nil || !ok {
		_ = r.Reply(false, nil)
		return
	}
	for _, l := range f.listeners {
		p.sub.remove(l)
	}
	p.server.counts.add(func(c *SSHCounts) { c.Cancelled++ })
	_ = r.Reply(true, nil)
}

func (p *peer) acceptForwarded(l net.Listener, key forwardKey) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if !p.server.gate.pass(p.ctx.Done()) || !p.sub.add(conn) {
			conn.Close()
			return
		}
		p.wg.Go(func() { p.serveForwarded(conn, key) })
	}
}

// serveForwarded offers one arrival to the client. A client that will not have
// it makes the arrival end.
func (p *peer) serveForwarded(conn net.Conn, key forwardKey) {
	p.server.counts.add(func(c *SSHCounts) { c.Forwarded++ })
	from := conn.RemoteAddr().(*net.TCPAddr)
	ch, requests, err := p.conn.OpenChannel("forwarded-tcpip", ssh.Marshal(directMsg{
		Host: key.host, Port: key.port, OriginHost: from.IP.String(), OriginPort: uint32(from.Port),
	}))
	if err != nil {
		p.server.counts.add(func(c *SSHCounts) { c.ForwardedRefused++ })
		p.sub.remove(conn)
		return
	}
	p.relay(ch, requests, conn)
}
