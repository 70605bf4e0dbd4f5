package main

import (
	"context"
	"fmt"
	"time"

	"ftptunnel/sshconn"
)

// wordReached words a host that was reached.
func wordReached(e sshconn.Event) hop {
	h := passed("in %s", shortDuration(e.Elapsed))
	if h.Address = addressOf(e.Addr); h.Address != "" {
		h.Detail = h.Address + " " + h.Detail
	} else {
		h.Detail = "reached " + h.Detail
	}
	h.Seconds = e.Elapsed.Seconds()
	return h
}

// wordKey words a host key that was accepted.
func wordKey(e sshconn.Event) hop {
	h := passed("%s, ", e.Text)
	h.Key = e.Text
	switch {
	case e.File == "":
		h.Detail += "recorded nowhere"
		return h
	case e.Line == 0:
		h.Files = []string{e.File}
		h.Detail += "recorded just now in " + e.File
	default:
		h.Files = []string{fmt.Sprintf("%s:%d", e.File, e.Line)}
		h.Detail += "recorded in " + h.Files[0]
	}
	return h
}

// wordLogin words a login.
func wordLogin(cfg *sshconn.Config, e sshconn.Event) hop {
	by := e.Method
	if by == "" {
		by = "nothing: the server asks for none"
	}
	h := passed("%s by %s, in %s, server %s", cfg.User, by, shortDuration(e.Elapsed), e.Text)
	h.Key, h.Seconds = e.Method, e.Elapsed.Seconds()
	return h
}

// testExec waits for what became of the one command.
func (c *check) testExec(ctx context.Context) hop {
	in, _ := c.noted(sshconn.Connected, c.cfg.Alias)
	_, native := c.noted(sshconn.Reached, c.cfg.Alias)
	switch {
	case c.noExec:
		return notTested("-N")
	case !native:
		return notTested("an OpenSSH master speaks SSH: %s", in.Text)
	case !c.cfg.Executes(in.Text):
		return notTested("nothing is executed on this server: %s", in.Text)
	}
	late := time.NewTimer(2 * patience)
	defer late.Stop()
	for {
		if e, ok := c.noted(sshconn.ExecSent, c.cfg.Alias); ok && e.Err == nil {
			return passed("%q", e.Text)
		} else if ok {
			h := passed("%q was not executed, so that small files wait for Nagle's delay: %v", e.Text, e.Err)
			h.Remedy = []string{fmt.Sprintf("in sshd_config on %s: MaxSessions 1 or more", c.sshHost())}
			return h
		}
		select {
		case <-c.news:
		case <-late.C:
			return failed("no answer to the one command", "-N executes nothing")
		case <-ctx.Done():
			return hop{}
		}
	}
}
