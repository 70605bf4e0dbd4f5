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

// grantsTooMuch tells whether a server with this version string says that it
// listens although it may not. Dropbear 2022.83 listens on ::1 and 127.0.0.1,
// whichever was asked for, and grants the forward if it gets one of them: the
// other may be another program's, which then gets our data.
func grantsTooMuch(version string) bool { return strings.Contains(version, "dropbear") }

// confirmed tells whether what connects to the listener's address arrives at
// the listener. It asks the server to connect there, once for every forward,
// unless the server is to be believed or does not connect for us.
func (c *connection) confirmed(ctx context.Context, l *Listener) (bool, error) {
	if l.w.confirmed || !grantsTooMuch(string(c.ssh.ServerVersion())) {
		return true, nil
	}
	k, err := c.dial(ctx, net.JoinHostPort(l.w.host, strconv.Itoa(int(l.w.port))))
	var refused *ForwardError
	switch {
	case errors.As(err, &refused) && refused.Reason == ForwardReason(ssh.Prohibited):
		return true, nil
	case errors.As(err, &refused):
		return false, nil
	case err != nil:
		return false, err
	}
	defer k.Abort()
	timer := time.NewTimer(confirmTimeout)
	defer timer.Stop()
	select {
	case a := <-l.queue:
		a.nc.Reject(ssh.Prohibited, "it was only to be seen to arrive")
		l.w.confirmed = true
		return true, nil
	case <-timer.C:
		return false, nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case <-c.done:
		return false, c.endError()
	}
}
