package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"ftptunnel/ftpinspect"
	"ftptunnel/sshconn"
)

// testRemote has the SSH server listen, as for an FTP server in active mode,
// and looks who can reach that.
func (c *check) testRemote(ctx context.Context) hop {
	host := "127.0.0.1"
	switch {
	case c.serverMode == ftpinspect.ModePassive:
		return notTested("--server-mode passive needs none")
	case c.activeAddress.IsValid():
		host = c.activeAddress.String()
	case !onSSHHost(c.forward.host) && c.serverMode == ftpinspect.ModeAuto:
		return notTested("%s is another host than the SSH server: active clients are bridged", c.forward.host)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.waits(), fmt.Errorf("no answer after %s", shortDuration(c.waits())))
	defer cancel()
	l, err := c.client.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return c.wrongListen(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if c.activeAddress.IsValid() {
		return c.testActive(ctx, net.JoinHostPort(host, port))
	}
	return c.testExposure(ctx, port)
}

// wrongListen is a remote forward that was refused, by the server or by us. In
// auto mode a server that forbids it costs nothing.
func (c *check) wrongListen(err error) hop {
	e, ok := errors.AsType[*sshconn.ListenError](err)
	switch {
	case ok && e.Exposed:
		return c.exposed()
	case ok && e.Elsewhere:
		return c.wrong(e, c.listenRemedy(e), "--server-mode passive needs no remote forward")
	case ok && c.serverMode == ftpinspect.ModeAuto:
		return passed("not permitted, and not needed: active clients are bridged")
	case ok:
		return c.wrong(e, c.listenRemedy(e), "--server-mode auto does without")
	}
	return c.wrong(err, "--server-mode passive does without")
}

// listenRemedy is for a remote forward that cannot be had.
func (c *check) listenRemedy(e *sshconn.ListenError) string {
	switch {
	case e.Exposed:
		return fmt.Sprintf("in sshd_config on %s: GatewayPorts no, or clientspecified", c.sshHost())
	case e.Elsewhere:
		return fmt.Sprintf("in sshd_config on %s: GatewayPorts clientspecified", c.sshHost())
	}
	return fmt.Sprintf("in sshd_config on %s: AllowTcpForwarding yes, and PermitListen any, if it stands there", c.sshHost())
}

// exposed is an SSH server whose remote forwards others can reach, and connect
// to before the FTP server does.
func (c *check) exposed() hop {
	return failed("permitted, and every interface listens: others could come before the FTP server",
		c.listenRemedy(&sshconn.ListenError{Exposed: true}), "--server-mode passive needs no remote forward")
}

// testExposure has the SSH server connect to another of its own addresses: who
// listens on every interface is there, too.
func (c *check) testExposure(ctx context.Context, port string) hop {
	conn, err := c.client.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.2", port))
	if err == nil {
		conn.Close()
		h := c.exposed()
		h.Address = net.JoinHostPort("*", port)
		return h
	}
	h := passed("permitted, on 127.0.0.1")
	h.Address = net.JoinHostPort("127.0.0.1", port)
	e, ok := errors.AsType[*sshconn.ForwardError](err)
	switch {
	case ok && strings.Contains(strings.ToLower(e.Text), "refused"):
		h.Detail += " alone"
	case ok && e.Reason == sshconn.Prohibited:
		h.Detail += "; whether elsewhere, too, cannot be seen: PermitOpen"
	default:
		h.Detail += "; whether elsewhere, too, cannot be seen"
	}
	return h
}

// testActive looks whether the SSH server listens where --active-address says.
func (c *check) testActive(ctx context.Context, at string) hop {
	conn, err := c.client.DialContext(ctx, "tcp", at)
	if err != nil {
		return failed(fmt.Sprintf("permitted, and nothing listens on %s: %v", at, err),
			fmt.Sprintf("in sshd_config on %s: GatewayPorts clientspecified", c.sshHost()))
	}
	conn.Close()
	h := passed("permitted, on %s", at)
	h.Address = at
	return h
}
