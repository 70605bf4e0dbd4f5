package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"ftptunnel/sshconn"
)

// wrongConnect is a host that was not reached. Through a jump host it is that
// one that does not reach it.
func (c *check) wrongConnect(cfg *sshconn.Config, err error) hop {
	h := c.wrong(err)
	e, ok := errors.AsType[*sshconn.ConnectError](err)
	if !ok || e.Hop != "" || e.Proxy != "" {
		return h
	}
	timeout, _ := errors.AsType[net.Error](e.Cause)
	if _, ok := errors.AsType[*net.DNSError](e.Cause); ok {
		file := "~/.ssh/config"
		if c.config != "" {
			file = c.config
		}
		if !c.noConfig() {
			h.Remedy = append(h.Remedy, fmt.Sprintf("in %s, below Host %s: HostName ADDRESS", file, cfg.Alias))
		}
	} else if errors.Is(e.Cause, syscall.ECONNREFUSED) {
		h.Remedy = append(h.Remedy, fmt.Sprintf("on %s, if it is port %d: systemctl enable --now ssh (sshd outside of Debian)", cfg.HostName, cfg.Port))
	} else if timeout != nil && timeout.Timeout() || timedOut(err) {
		h.Remedy = []string{
			fmt.Sprintf("in the firewall before %s: permit TCP port %d, as by: ufw allow %d/tcp", cfg.HostName, cfg.Port, cfg.Port),
			"-o ConnectTimeout=60 waits longer",
		}
	}
	return h
}

// timedOut reports whether the time of a connection was up.
func timedOut(err error) bool {
	e, ok := errors.AsType[*sshconn.ConnectError](err)
	return ok && strings.Contains(e.Error(), "timed out")
}

// wrongKey is a host key that was refused, or a server that did not come as far
// as to show one.
func (c *check) wrongKey(cfg *sshconn.Config, err error) hop {
	e, ok := errors.AsType[*sshconn.ConnectError](err)
	switch {
	case !ok:
		return c.wrong(err)
	case timedOut(err):
		return failed(fmt.Sprintf("TCP connects, and SSH has not answered after %s", shortDuration(cfg.ConnectTimeout)),
			"a slow host: -o ConnectTimeout=60 waits longer; in sshd_config on "+cfg.HostName+": UseDNS no",
			"a host that stands still: on its console, look at the load and: systemctl restart ssh",
		)
	}
	return failed(e.Error(), fmt.Sprintf("is it SSH that listens there? nc %s %d shows SSH-2.0-…; -p PORT names another port", cfg.HostName, cfg.Port))
}

// wrongLogin is a login that was refused.
func (c *check) wrongLogin(cfg *sshconn.Config, err error) hop {
	h := c.wrong(err)
	e, ok := errors.AsType[*sshconn.AuthError](err)
	if !ok || e.TooMany {
		return h
	}
	for _, tried := range e.Tried {
		if show := showKey(tried); show != "" {
			h.Remedy = append(h.Remedy, fmt.Sprintf("on %s, in authorized_keys of %s: the line of %s", cfg.HostName, cfg.User, show))
			return h
		}
	}
	return h
}

// showKey says where the line for authorized_keys is of a key that was tried,
// "publickey", its fingerprint and where it is from, if that is a file. -i may name
// a public key, of a private one beside it or in the agent.
func showKey(tried string) string {
	fields := strings.SplitN(tried, " ", 3)
	if fields[0] != "publickey" || len(fields) < 3 || !strings.HasPrefix(fields[2], "/") {
		return ""
	}
	file, agent := strings.CutSuffix(fields[2], " (agent)")
	switch {
	case strings.HasSuffix(file, "-cert.pub"):
		return ""
	case strings.HasSuffix(file, ".pub"):
		return file
	case agent: // the name is a comment
		return ""
	}
	return fmt.Sprintf("%s.pub (here: ssh-keygen -yf %s)", file, word(file))
}
