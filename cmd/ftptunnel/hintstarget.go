package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"ftptunnel/sshconn"
	"ftptunnel/tunnel"
)

// targetHint is for an FTP server that did not show itself as one.
func (p *program) targetHint(err error) string {
	if e, ok := errors.AsType[*tunnel.NotFTPError](err); ok {
		switch {
		case strings.HasPrefix(e.Greeting, "SSH-"):
			return "an SSH server answers there; FTP has a port of its own, 21 as a rule: " + p.naming(e.Target, "21")
		case e.Greeting == "" && errors.Is(e.Err, tunnel.ErrClosed):
			return "an FTP server that ends so refuses the SSH server's address, else another program answers there: " + p.naming(e.Target, "port")
		case e.Greeting == "":
			return "FTPS on port 990 waits for TLS and is not FTP; plain FTP has port 21 as a rule"
		}
		return "name the FTP server as " + p.seen(e.Target) + ": " + p.naming(e.Target, "port")
	}
	if _, ok := errors.AsType[*tunnel.BusyError](err); ok {
		return "the FTP server is full: try again later, or have its limit raised"
	}
	return ""
}

// kindOf returns the kind of the forward that a target is the FTP server of.
func (p *program) kindOf(target string) forwardKind {
	kind := localForward
	for _, f := range p.forwards {
		if f.target() == target {
			return f.kind
		}
		if f.kind == proxyForward {
			kind = proxyForward
		}
	}
	return kind
}

// seen says for whom a target is named.
func (p *program) seen(target string) string {
	if p.kindOf(target) == remoteForward {
		return "this machine sees it"
	}
	return "the SSH server sees it"
}

// naming shows how another FTP server is named in the place of a target.
func (p *program) naming(target, port string) string {
	switch p.kindOf(target) {
	case remoteForward:
		return "-R [bind:]port:host:" + port
	case proxyForward:
		return "USER name@host:" + port
	}
	return fmt.Sprintf("ftptunnel %s host:%s", p.destination, port)
}

// listenThereHint is for what the SSH server does not listen on.
func listenThereHint(e *sshconn.ListenError) string {
	_, text, _ := net.SplitHostPort(e.Addr)
	port, _ := strconv.Atoi(text)
	switch {
	case e.Policy:
		return "sshd_config there: AllowTcpForwarding, PermitListen"
	case e.Exposed:
		return "sshd_config there: GatewayPorts no or clientspecified; -R '*:PORT:HOST:PORT' accepts it"
	case e.Elsewhere && onSSHHost(hostOf(e.Addr)):
		return "another program listens on that port of a loopback address there: another port, or 0 for any free one"
	case e.Elsewhere:
		return "sshd_config there: GatewayPorts clientspecified"
	case 0 < port && port < 1024:
		return "ports below 1024 are root's there, or another program listens on it: another port, or 0 for any free one"
	}
	return "another program listens there, or an earlier connection that is not missed yet: another port, or 0 for any free one"
}

// forwardHint is for a forward that the SSH server refused.
func (p *program) forwardHint(err error) string {
	if e, ok := errors.AsType[*sshconn.ListenError](err); ok {
		return listenThereHint(e)
	}
	e, ok := errors.AsType[*sshconn.ForwardError](err)
	if !ok {
		return ""
	}
	if e.Reason == sshconn.Prohibited {
		return "sshd_config there: AllowTcpForwarding, PermitOpen"
	}
	if unknownName(e.Text) && p.kindOf(e.Addr) == localForward {
		return fmt.Sprintf("the SSH server looks that name up and does not find it: ftptunnel %s address", p.destination)
	}
	return p.nobodyHint(e.Addr)
}

// unknownName reports whether a server's words, which are its system's, say
// that a name does not exist. Those of an OpenSSH master come in lower case.
func unknownName(text string) bool {
	text = strings.ToLower(text)
	for _, words := range []string{"not known", "does not resolve", "no such host", "no address associated", "name resolution", "getaddrinfo"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// nobodyHint is for a target that nobody answers at.
func (p *program) nobodyHint(target string) string {
	return "no FTP server answers there, as " + p.seen(target) + "; another is named by: " + p.naming(target, "port")
}

// hereHint is for an FTP server that this machine itself cannot reach.
func (p *program) hereHint(err error) string {
	e, ok := errors.AsType[*tunnel.DialError](err)
	if !ok || p.kindOf(e.Target) != remoteForward {
		return ""
	}
	return p.nobodyHint(e.Target)
}

// dataHint is for a data connection that could not be made.
func (t *teller) dataHint(e tunnel.DataFailed) string {
	remote := t.forward.kind == remoteForward
	if f, ok := errors.AsType[*sshconn.ForwardError](e.Err); ok && f.Reason == sshconn.Prohibited {
		return fmt.Sprintf("sshd_config there: AllowTcpForwarding, PermitOpen %s, for data has a port of its own each time",
			net.JoinHostPort(hostOf(f.Addr), "*"))
	}
	l, refused := errors.AsType[*sshconn.ListenError](e.Err)
	switch {
	case refused && l.Exposed:
		return "sshd_config there: GatewayPorts no; --server-mode active accepts it, --server-mode passive needs none"
	case refused && l.Elsewhere:
		return "sshd_config there: GatewayPorts clientspecified; or --server-mode passive"
	}
	if refused && l.Policy {
		if remote {
			return "sshd_config there: AllowTcpForwarding, PermitListen; or active mode in the client"
		}
		return "sshd_config there: AllowTcpForwarding, PermitListen; or --server-mode passive"
	}
	if e.End == tunnel.Server && !e.Listen {
		return t.passiveHint()
	}
	return ""
}

// passiveHint is for a passive port of the FTP server that does not answer.
func (t *teller) passiveHint() string {
	from, other := "the SSH server", "--data-host reply obeys the address that it names"
	if t.forward.kind == remoteForward {
		from = "this machine"
	}
	if t.replyHost {
		other = "without --data-host reply the control connection's host is dialled"
	}
	return fmt.Sprintf("the FTP server's passive ports must be reachable from %s; %s", from, other)
}
