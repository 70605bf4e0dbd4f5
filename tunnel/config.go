package tunnel

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"ftptunnel/ftpinspect"
)

// inspectorConfig is what the inspector of a session must be told.
func (s *session) inspectorConfig() ftpinspect.Config {
	host, addrs := s.activeEnd()
	var userTarget string
	if s.choice.InUser {
		userTarget = s.choice.Target
	}
	return ftpinspect.Config{
		Local:       s.local,
		Peer:        s.clientAddr.Addr(),
		TargetHost:  targetHost(s.target),
		User:        s.choice.User,
		UserTarget:  userTarget,
		Mode:        s.t.Mode,
		ActiveHost:  host,
		ActiveAddrs: addrs,
		Far:         isFar(s.t.serverSide()),
		ReplyHost:   s.t.ReplyHost,
		Prefetch:    s.t.Prefetch,
		FXP:         s.t.FXP,
		TLS:         s.t.TLS,
	}
}

// isFar reports whether a side is so far away that a round trip saved is worth
// more than mirroring the client.
func isFar(s Side) bool {
	const far = 30 * time.Millisecond
	d, ok := s.(distant)
	return ok && d.RoundTrip() >= far
}

// activeEnd is where the server side is asked to listen for an active server,
// and the addresses that it is reached at there. Without ActiveAddress that
// works for a target on that side's own loopback only: an SSH server with the
// default GatewayPorts binds nothing else, whatever it is asked for. Both
// loopback addresses are asked for only where the target may be at either: a
// server says that it listens at both when it got one of them.
func (s *session) activeEnd() (host string, addrs []netip.Addr) {
	if t := s.t; t.ActiveAddress.IsValid() && t.Mode == ftpinspect.ModeActive {
		return t.ActiveAddress.String(), []netip.Addr{t.ActiveAddress}
	}
	v4, v6 := loopbacks[0], loopbacks[1]
	name := targetHost(s.target)
	a, err := netip.ParseAddr(name)
	switch {
	case err != nil && name == "localhost":
		return "localhost", []netip.Addr{v4, v6}
	case err != nil || !a.Unmap().IsLoopback():
		return s.ownEnd()
	case a.Unmap().Is4():
		return v4.String(), []netip.Addr{v4}
	}
	return v6.String(), []netip.Addr{v6}
}

// ownEnd is the address that the server side has towards a server elsewhere, if
// it tells. A firewall may well stand between: unless active mode is asked for
// it is not tried, and an active client is bridged.
func (s *session) ownEnd() (host string, addrs []netip.Addr) {
	own := addrPort(s.server.conn.LocalAddr()).Addr()
	if !own.IsValid() || s.t.Mode != ftpinspect.ModeActive && s.t.Mode != ftpinspect.ModeClient {
		return "", nil
	}
	return own.String(), []netip.Addr{own}
}

// dataHost is where a server's data connections are dialled: where its control
// connection leads, as far as that is known.
func dataHost(control net.Conn, target string) string {
	if a := addrPort(control.RemoteAddr()).Addr(); a.IsValid() {
		return a.String()
	}
	return targetHost(target)
}

// dialWithin dials with a limit on the time that it takes.
func dialWithin(ctx context.Context, limit time.Duration, dial func(context.Context) (net.Conn, error)) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v", limit))
	defer cancel()
	c, err := dial(ctx)
	if err != nil && ctx.Err() == context.DeadlineExceeded {
		return nil, context.Cause(ctx)
	}
	return c, err
}
