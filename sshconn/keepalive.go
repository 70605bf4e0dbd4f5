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
	for last := time.Now(); ; {
		select {
		case <-c.done:
			return
		case <-tick.C:
		}
		if now := time.Now(); slept(now.Round(0).Sub(last.Round(0)), now.Sub(last)) {
			silent = c.cfg.ServerAliveCountMax - 1 // one probe decides
			seen = c.tr.life.Load()
		}
		last = time.Now()
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

// slept reports whether the machine has slept meanwhile: the wall clock went on
// and the other one did not. Whatever lies between here and the server has
// probably forgotten the connection by then, and nobody should have to wait
// long to find out.
func slept(wall, running time.Duration) bool { return wall-running > 30*time.Second }

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
