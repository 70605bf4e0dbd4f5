package testenv

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// directMsg is RFC 4254, section 7.2; forwarded-tcpip has the same shape.
type directMsg struct {
	Host       string
	Port       uint32
	OriginHost string
	OriginPort uint32
}

// dialTimeout limits a connection to the target of a direct-tcpip.
const dialTimeout = 30 * time.Second

func (p *peer) serveDirect(ch ssh.NewChannel) {
	s := p.server
	var m directMsg
	if err := ssh.Unmarshal(ch.ExtraData(), &m); err != nil {
		_ = ch.Reject(ssh.ConnectionFailed, "malformed request")
		return
	}
	target := net.JoinHostPort(m.Host, strconv.Itoa(int(m.Port)))
	s.counts.add(func(c *SSHCounts) { c.Direct++; keep(&c.Targets, target) })
	if s.refuseDirect.Load() || !s.permit.allows(m.Host, m.Port) {
		s.counts.add(func(c *SSHCounts) { c.DirectRefused++ })
		_ = ch.Reject(ssh.Prohibited, "open failed") // sshd names no reason
		return
	}
	conn, err := p.dial(target)
	if err != nil {
		_ = ch.Reject(ssh.ConnectionFailed, reason(err))
		return
	}
	if !p.sub.add(conn) {
		_ = ch.Reject(ssh.ConnectionFailed, "shutting down")
		return
	}
	channel, requests, err := ch.Accept()
	if err != nil {
		p.sub.remove(conn)
		return
	}
	p.relay(channel, requests, conn)
}

func (p *peer) dial(target string) (net.Conn, error) {
	if !p.server.gate.pass(p.ctx.Done()) {
		return nil, net.ErrClosed
	}
	if dial := p.server.opts.DialContext; dial != nil {
		return dial(p.ctx, "tcp", target)
	}
	d := net.Dialer{Timeout: dialTimeout}
	return d.DialContext(p.ctx, "tcp", target)
}

// reason words a failed connection as sshd does: strerror or gai_strerror.
func reason(err error) string {
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Connection refused"
	case errors.As(err, &dns):
		return "Name or service not known"
	case errors.Is(err, syscall.EHOSTUNREACH):
		return "No route to host"
	case errors.Is(err, syscall.ENETUNREACH):
		return "Network is unreachable"
	}
	if e, ok := err.(net.Error); ok && e.Timeout() {
		return "Connection timed out"
	}
	return err.Error()
}

// permitList is sshd_config's PermitOpen.
type permitList struct {
	mu      sync.Mutex
	targets []string // guarded by mu
}

func (l *permitList) set(targets []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.targets = append([]string(nil), targets...)
}

func (l *permitList) allows(host string, port uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.targets) == 0 {
		return true
	}
	for _, t := range l.targets {
		h, p, err := net.SplitHostPort(t)
		if err != nil || h != "*" && !strings.EqualFold(h, host) {
			continue
		}
		if p == "*" || p == strconv.Itoa(int(port)) {
			return true
		}
	}
	return false
}
