package sshconn

import (
	"context"
	"net"
	"sync"
)

// exposure is what is known of whether a server opens remote forwards wider
// than they were asked for: OpenSSH with GatewayPorts yes binds every
// interface, even for 127.0.0.1.
type exposure struct {
	sync.Mutex // held while it is found out
	known      bool
	wide       bool
}

// anotherLoopback is an address of every Linux host that a listener on
// 127.0.0.1 or ::1 does not serve, and one on every interface does. A system
// that lacks it cannot be judged and is believed.
const anotherLoopback = "127.0.0.2"

// exposes reports whether a listener that was asked for on loopback can be
// reached from elsewhere. The server itself is made to try, once a connection.
func (c *connection) exposes(ctx context.Context, l *Listener) bool {
	ip := net.ParseIP(l.w.host)
	if l.w.host != "localhost" && (ip == nil || !ip.IsLoopback() || ip.String() == anotherLoopback) {
		return false
	}
	e := &c.fwd.exposure
	e.Lock()
	defer e.Unlock()
	if e.known {
		return e.wide
	}
	found, err := c.comesBack(ctx, l, anotherLoopback)
	if err != nil {
		return false
	}
	e.known, e.wide = true, found == foundOurs
	if e.wide {
		c.notify(Event{Kind: Exposed, Host: c.cfg.Alias})
	}
	return e.wide
}
