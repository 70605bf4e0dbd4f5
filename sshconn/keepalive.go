package sshconn

import (
	"errors"
	"time"
)

// errSilent is the cause of a connection that the keepalive gave up.
var errSilent = errors.New("the server does not answer")

// keepAlive probes a silent server and cuts the connection when it stays
// silent. It counts as ssh does (clientloop.c, server_alive_check): any byte
// received starts afresh, and the probe after the last that was allowed to
// stay unanswered is the end.
func (c *connection) keepAlive() {
	interval := c.cfg.ServerAliveInterval
	tick := time.NewTicker(interval)
	defer tick.Stop()
	seen, silent := c.tr.life.Load(), 0
	idle := make(chan struct{}, 1) // holds a token while no probe is under way
	idle <- struct{}{}
	for {
		select {
		case <-c.done:
			return
		case <-tick.C:
		}
		if now := c.tr.life.Load(); now != seen {
			seen, silent = now, 0
			continue
		}
		if silent++; silent > c.cfg.ServerAliveCountMax {
			c.cut(errSilent)
			return
		}
		c.probe(idle)
	}
}

// probe sends one keepalive, unless an earlier one still waits: a frozen
// server blocks SendRequest for ever.
func (c *connection) probe(idle chan struct{}) {
	select {
	case <-idle:
	default:
		return
	}
	c.begin(func() {
		c.ssh.SendRequest("keepalive@openssh.com", true, nil)
		idle <- struct{}{}
	})
}
