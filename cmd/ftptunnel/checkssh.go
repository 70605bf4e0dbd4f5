package main

import (
	"context"
	"strings"

	"ftptunnel/sshconn"
)

// testConfig resolves the destination.
func (c *check) testConfig(ctx context.Context) hop {
	cfg, err := sshconn.Resolve(ctx, c.destination, c.sshOptions())
	if err != nil {
		return c.wrong(err)
	}
	c.cfg = cfg
	for _, one := range c.path() {
		if one.ConnectTimeout == 0 {
			one.ConnectTimeout = patience
		}
	}
	c.client = sshconn.NewClient(cfg, c.prompt, c.note)
	h := passed("%s@%s, port %d", cfg.User, cfg.HostName, cfg.Port)
	for _, jump := range cfg.Jumps {
		h.Detail += ", through " + jump.Alias
	}
	if h.Files, err = sshconn.Matched(ctx, c.destination, c.sshOptions()); err == nil && len(h.Files) > 0 {
		h.Detail += ", by " + strings.Join(h.Files, ", ")
	} else {
		h.Detail += ", no Host applies"
	}
	return h
}

// path returns the SSH hosts, those on the way first.
func (c *check) path() []*sshconn.Config {
	return append(append([]*sshconn.Config{}, c.cfg.Jumps...), c.cfg)
}

// note keeps an event of the SSH connection. It is called from the
// connection's goroutines.
func (c *check) note(e sshconn.Event) {
	c.sshEvent(e)
	c.mu.Lock()
	c.events = append(c.events, e)
	c.mu.Unlock()
	select {
	case c.news <- struct{}{}:
	default: // it is known
	}
}

// noted returns the event of a kind and host, if there was one.
func (c *check) noted(kind sshconn.EventKind, host string) (sshconn.Event, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.events {
		if e.Kind == kind && e.Host == host {
			return e, true
		}
	}
	return sshconn.Event{}, false
}

// sshHops are the hops of each SSH host.
var sshHops = []string{"connect", "host key", "login"}

// testWay connects, and reports each host on the way.
func (c *check) testWay(ctx context.Context) {
	if cause := c.failedAt["ssh config"]; cause != "" {
		c.skip(ctx, cause, "")
		return
	}
	err := c.client.Connect(ctx)
	var cause string
	for _, cfg := range c.path() {
		name := ""
		if len(c.cfg.Jumps) > 0 {
			name = cfg.Alias
		}
		if cause != "" {
			c.skip(ctx, cause, name)
			continue
		}
		if cause = c.testHost(ctx, cfg, name, err); cause != "" && name != "" {
			cause += " of " + name
		}
	}
	if cause != "" {
		c.failedAt["login"] = cause
	}
}

// skip reports the hops of an SSH host as not tested.
func (c *check) skip(ctx context.Context, cause, host string) {
	for _, name := range sshHops {
		c.tellHost(ctx, name, host, notTested("%s failed", cause))
	}
	c.failedAt["login"] = cause
}

// tellHost reports a hop of an SSH host.
func (c *check) tellHost(ctx context.Context, name, host string, h hop) {
	h.Host = host
	if ctx.Err() == nil {
		c.tell(name, h)
	}
}

// testHost reports one SSH host by what was noted of it: how far we got there
// says which hop an error is of. It returns the hop that failed.
func (c *check) testHost(ctx context.Context, cfg *sshconn.Config, name string, err error) (cause string) {
	reached, isReached := c.noted(sshconn.Reached, cfg.Alias)
	key, hasKey := c.noted(sshconn.HostKeyAccepted, cfg.Alias)
	in, isIn := c.noted(sshconn.Connected, cfg.Alias)
	if err == nil && !isReached {
		for _, hop := range sshHops {
			c.tellHost(ctx, hop, name, notTested("an OpenSSH master speaks SSH: %s", in.Text))
		}
		return ""
	}
	for i, h := range []struct {
		ok    bool
		words func() hop
		fail  func(*sshconn.Config, error) hop
	}{
		{isReached, func() hop { return wordReached(reached) }, c.wrongConnect},
		{hasKey, func() hop { return wordKey(key) }, c.wrongKey},
		{isIn, func() hop { return wordLogin(cfg, in) }, c.wrongLogin},
	} {
		switch {
		case cause != "":
			c.tellHost(ctx, sshHops[i], name, notTested("%s failed", cause))
		case h.ok:
			c.tellHost(ctx, sshHops[i], name, h.words())
		default:
			cause = sshHops[i]
			c.tellHost(ctx, cause, name, h.fail(cfg, err))
		}
	}
	return cause
}
