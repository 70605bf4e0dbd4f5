package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ftptunnel/sshconn"
	"ftptunnel/tunnel"
)

// testTarget forwards to the target and waits for its greeting: two hops.
func (c *check) testTarget(ctx context.Context) {
	var found struct {
		greeting string
		err      error
	}
	c.test(ctx, "forward", "login", func(ctx context.Context) hop {
		began := time.Now()
		t := c.tunnelTo()
		found.greeting, found.err = t.Probe(ctx)
		if e, ok := errors.AsType[*tunnel.DialError](found.err); ok {
			return c.wrongForward(ctx, e)
		}
		h := passed("%s is connected and says nothing", c.forward.target())
		h.Greeting, h.Address, h.Seconds = found.greeting, c.forward.target(), time.Since(began).Seconds()
		if h.Greeting != "" {
			h.Detail = fmt.Sprintf("%s says %q", h.Address, h.Greeting)
		}
		h.Detail += ", in " + shortDuration(time.Since(began))
		return h
	})
	c.test(ctx, "ftp", "forward", func(context.Context) hop {
		if found.err != nil {
			return c.notFTP(found.err)
		}
		return passed("%s is an FTP server", c.forward.target())
	})
}

// tunnelTo returns a new tunnel to the target, one that has learnt nothing. It
// gives up sooner than a client does, so that the client is told why.
func (c *check) tunnelTo() *tunnel.Tunnel {
	t := c.newTunnel(c.client, c.forward)
	t.SameUser = true
	t.Limits = tunnel.Limits{
		Connect: c.waits(), Greeting: c.waits(),
		Dial: stepTimeout / 2, Data: stepTimeout / 2, Idle: stepTimeout / 2,
	}
	return t
}

// wrongForward is a target that the SSH server does not connect to.
func (c *check) wrongForward(ctx context.Context, err *tunnel.DialError) hop {
	var text string // the server's own words
	if e, ok := errors.AsType[*sshconn.ForwardError](err); ok {
		if e.Reason == sshconn.Prohibited {
			return c.wrong(err, c.permitRemedy(ctx)...)
		}
		text = e.Text
	}
	switch {
	case unknownName(text):
		return c.wrong(err, fmt.Sprintf("%s looks the name up, and does not find it: ssh %s getent hosts %s", c.sshHost(), c.destination, c.forward.host))
	case strings.Contains(strings.ToLower(text), "refused"):
		return c.wrong(err, fmt.Sprintf("on %s: systemctl start vsftpd, or the FTP server's own name", c.ftpHost()),
			"on another host or port: "+c.naming(c.forward.target(), "port"))
	}
	return c.wrong(err, fmt.Sprintf("in the firewall of %s: permit TCP from %s to port %d", c.ftpHost(), c.sshHost(), c.forward.hostPort))
}

// permitRemedy says what in sshd_config forbids a forward. Another target tells
// a list from a prohibition: nobody need be there.
func (c *check) permitRemedy(ctx context.Context) []string {
	list := c.permitOpen()
	conn, err := c.client.DialContext(ctx, "tcp", "127.0.0.1:1")
	if err == nil {
		conn.Close()
	}
	if e, ok := errors.AsType[*sshconn.ForwardError](err); err == nil || ok && e.Reason != sshconn.Prohibited {
		return []string{list}
	}
	return []string{
		fmt.Sprintf("in sshd_config on %s: AllowTcpForwarding yes, and no DisableForwarding", c.sshHost()),
		list + ", or no PermitOpen",
		fmt.Sprintf("in authorized_keys of %s there: no restrict, no-port-forwarding or permitopen before the key", c.cfg.User),
	}
}

// permitOpen is the line of sshd_config that permits data connections, too.
func (c *check) permitOpen() string {
	return fmt.Sprintf("in sshd_config on %s: PermitOpen %s:*, for data has a port of its own each time", c.sshHost(), c.forward.host)
}

// notFTP is a target that did not show itself as an FTP server.
func (c *check) notFTP(err error) hop {
	h := c.wrong(err)
	if e, ok := errors.AsType[*tunnel.NotFTPError](err); ok && e.Greeting == "" {
		h.Remedy = append(h.Remedy, fmt.Sprintf("a slow FTP server: -o ConnectTimeout=60 waits longer; vsftpd.conf on %s: reverse_lookup_enable=NO", c.ftpHost()))
	}
	return h
}

// talk connects to the target past the tunnel and has f speak FTP there.
func (c *check) talk(ctx context.Context, f func(*ftpClient) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.waits(), fmt.Errorf("no answer after %s", shortDuration(c.waits())))
	defer cancel()
	conn, err := c.client.DialContext(ctx, "tcp", c.forward.target())
	if err != nil {
		return err
	}
	client := newFTPClient(ctx, conn)
	defer client.close()
	if err = client.greeted(); err == nil {
		err = f(client)
	}
	if err == nil {
		_ = client.quit() // what had to be known is known
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
