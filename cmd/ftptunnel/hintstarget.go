package main

import (
	"errors"
	"fmt"
	"strings"

	"ftptunnel/sshconn"
	"ftptunnel/tunnel"
)

// targetHint is for an FTP server that did not show itself as one.
func (p *program) targetHint(err error) string {
	if e, ok := errors.AsType[*tunnel.NotFTPError](err); ok {
		switch {
		case strings.HasPrefix(e.Greeting, "SSH-"):
			return "an SSH server answers there; FTP has a port of its own, 21 as a rule: " + p.retry("host:21")
		case e.Greeting == "":
			return "FTPS on port 990 waits for TLS and is not FTP; plain FTP has port 21 as a rule"
		}
		return "name the FTP server as the SSH server sees it: " + p.retry("host:port")
	}
	if _, ok := errors.AsType[*tunnel.BusyError](err); ok {
		return "the FTP server is full: try again later, or have its limit raised"
	}
	return ""
}

// retry returns the command line with another target.
func (p *program) retry(target string) string {
	return fmt.Sprintf("ftptunnel %s %s", p.destination, target)
}

// forwardHint is for a direct-tcpip channel that the SSH server refused.
func (p *program) forwardHint(err error) string {
	if e, ok := errors.AsType[*sshconn.ListenError](err); ok && e.Policy {
		return "sshd_config there: AllowTcpForwarding, PermitListen"
	}
	e, ok := errors.AsType[*sshconn.ForwardError](err)
	if !ok {
		return ""
	}
	if e.Reason == sshconn.Prohibited {
		return "sshd_config there: AllowTcpForwarding, PermitOpen"
	}
	return "no FTP server answers there, as the SSH server sees it; another is named by: " + p.retry("host:port")
}

// dataHint is for a data connection that could not be made.
func dataHint(e tunnel.DataFailed) string {
	if f, ok := errors.AsType[*sshconn.ForwardError](e.Err); ok && f.Reason == sshconn.Prohibited {
		return "sshd_config there: AllowTcpForwarding, PermitOpen"
	}
	if l, ok := errors.AsType[*sshconn.ListenError](e.Err); ok && l.Policy {
		return "sshd_config there: AllowTcpForwarding, PermitListen; or --server-mode passive"
	}
	if e.End == tunnel.Server && !e.Listen {
		return "the FTP server's passive ports must be reachable from the SSH server; --data-host reply obeys the address that it names"
	}
	return ""
}
