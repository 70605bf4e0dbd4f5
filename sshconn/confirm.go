package sshconn

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// confirmTimeout bounds the wait for a connection to come back through a
// forward, once the server has made it.
const confirmTimeout = 2 * time.Second

// doubtful returns the addresses that a server may not listen at although it
// says that it does. Asked for localhost, servers listen on 127.0.0.1 and ::1
// and are content with one of them: what connects to the other reaches nobody
// or another program, which then gets our data (OpenSSH 9.2). Dropbear 2022.83
// takes every loopback address for localhost. Asked for an address of its
// network, OpenSSH listens on loopback instead, unless GatewayPorts is set.
func doubtful(host, version string) []string {
	ip := net.ParseIP(host)
	switch {
	case host == "localhost":
		return []string{"127.0.0.1", "::1"}
	case ip != nil && !ip.IsLoopback() && !ip.IsUnspecified(), strings.Contains(version, "dropbear"):
		return []string{host}
	}
	return nil
}

// confirmed reports whether what connects to the listener's port arrives at the
// listener. Where that is in doubt it has the server connect there, once for
// each forward; a server that does not connect for us is believed. There may be
// no IPv6, so that nothing need be there at ::1.
func (c *connection) confirmed(ctx context.Context, l *Listener) (bool, error) {
	if l.w.confirmed {
		return true, nil
	}
	hosts := doubtful(l.w.host, string(c.ssh.ServerVersion()))
	for i, host := range hosts {
		found, err := c.comesBack(ctx, l, host)
		if err != nil {
			return false, err
		}
		if found == foundOther || found == foundNobody && i == 0 {
			return false, nil
		}
	}
	l.w.confirmed = true
	return true, nil
}

// found is what a server finds when it connects to a forward of its own.
type found int

const (
	foundOurs found = iota
	foundOther
	foundNobody
	foundUntold // the server does not connect for us
)

// comesBack has the server connect to the listener's port of host.
func (c *connection) comesBack(ctx context.Context, l *Listener, host string) (found, error) {
	k, err := c.dial(ctx, net.JoinHostPort(host, strconv.Itoa(int(l.w.port))))
	var refused *ForwardError
	switch {
	case errors.As(err, &refused) && refused.Reason == Prohibited:
		return foundUntold, nil
	case errors.As(err, &refused):
		return foundNobody, nil
	case err != nil:
		return 0, err
	}
	defer k.Abort()
	timer := time.NewTimer(confirmTimeout)
	defer timer.Stop()
	select {
	case a := <-l.queue:
		a.nc.Reject(ssh.Prohibited, "it was only to be seen to arrive")
		return foundOurs, nil
	case <-timer.C:
		return foundOther, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-c.done:
		return 0, c.endError()
	}
}
