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
	host, addrs := s.t.activeEnd()
	return ftpinspect.Config{
		Local:       s.local,
		Peer:        s.clientAddr.Addr(),
		TargetHost:  targetHost(s.t.Target),
		Mode:        s.t.Mode,
		ActiveHost:  host,
		ActiveAddrs: addrs,
		ReplyHost:   s.t.ReplyHost,
		FXP:         s.t.FXP,
		TLS:         s.t.TLS,
	}
}

// activeEnd is where the server side is asked to listen for an active server,
// and the addresses that it is reached at there. Without ActiveAddress that
// works for a target on that side's own loopback only: an SSH server with the
// default GatewayPorts binds nothing else, whatever it is asked for. Both
// loopback addresses are asked for only where the target may be at either: a
// server says that it listens at both when it got one of them.
func (t *Tunnel) activeEnd() (host string, addrs []netip.Addr) {
	if t.ActiveAddress.IsValid() && t.Mode == ftpinspect.ModeActive {
		return t.ActiveAddress.String(), []netip.Addr{t.ActiveAddress}
	}
	v4, v6 := loopbacks[0], loopbacks[1]
	name := targetHost(t.Target)
	a, err := netip.ParseAddr(name)
	switch {
	case err != nil && name == "localhost":
		return "localhost", []netip.Addr{v4, v6}
	case err != nil || !a.Unmap().IsLoopback():
		return "", nil
	case a.Unmap().Is4():
		return v4.String(), []netip.Addr{v4}
	}
	return v6.String(), []netip.Addr{v6}
}

// targetHost is the host of a host:port.
func targetHost(target string) string {
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		return target
	}
	return host
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
