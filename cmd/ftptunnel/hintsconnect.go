package main

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"ftptunnel/sshconn"
)

// connectHint is for an SSH server that was not reached.
func (p *program) connectHint(err error) string {
	e, ok := errors.AsType[*sshconn.ConnectError](err)
	if !ok {
		return ""
	}
	if s := spokenHint(e); s != "" {
		return s
	}
	if f, ok := errors.AsType[*sshconn.ForwardError](e.Cause); ok && f.Reason == sshconn.Prohibited {
		return fmt.Sprintf("sshd_config on the jump host %s: AllowTcpForwarding, PermitOpen", e.Hop)
	}
	switch {
	case e.Hop != "":
		return fmt.Sprintf("the way there ends at the jump host: %s nc -z %s %d", p.sshJump(e.Hop), e.Host, e.Port)
	case e.Proxy != "":
		return proxyHint(e)
	case e.Jump != "":
		return fmt.Sprintf("-J or ProxyJump names that jump host; %s shows where it stops", p.sshJump(e.Jump, "-v"))
	}
	if d, ok := errors.AsType[*net.DNSError](e.Cause); ok && d.IsNotFound {
		return p.unknownHostHint(e.Host)
	}
	if errors.Is(e.Cause, syscall.ECONNREFUSED) {
		return fmt.Sprintf("no SSH server listens on port %d there: -p PORT names another", e.Port)
	}
	if strings.Contains(e.Error(), "timed out") {
		return "-o ConnectTimeout=60 waits longer; " + p.sshCommand("-v") + " shows where it stops"
	}
	return p.sshCommand("-v") + " shows where it stops"
}

// spokenHint is for a server that has answered, but not as it should.
func spokenHint(e *sshconn.ConnectError) string {
	if _, ok := errors.AsType[*sshconn.NotSSHError](e.Cause); ok {
		return "SSH has a port of its own, 22 as a rule: -p PORT names it"
	}
	a, ok := errors.AsType[*sshconn.AlgorithmError](e.Cause)
	switch {
	case !ok:
		return ""
	case len(a.Usable) > 0:
		return fmt.Sprintf("what it has is too weak for ssh's defaults, or left out by %s in ssh_config; this permits it: -o %[1]s=+%s", a.Option, a.Usable[0])
	}
	return engineHint
}

// engineHint is for algorithms that are not implemented here.
const engineHint = "ssh may have what is missing here: --engine openssh"

// proxyHint is for a ProxyCommand that did not lead to a server.
func proxyHint(e *sshconn.ConnectError) string {
	if exit, ok := errors.AsType[*exec.ExitError](e.Cause); ok && exit.ExitCode() == exitNotFound {
		return "the shell does not find the first word of ProxyCommand: install it, or write its whole path: " + e.Proxy
	}
	return "run by hand, ProxyCommand has to show SSH-2.0-…: " + e.Proxy
}

// sshCommand returns the ssh command line that connects as this run does, with
// further options, which come first and so win.
func (p *program) sshCommand(more ...string) string {
	return p.commandLine("ssh", more...)
}

// commandLine returns what connects by the options that SSH has got.
func (p *program) commandLine(name string, more ...string) string {
	words := append([]string{name}, more...)
	for _, o := range []struct{ name, value string }{
		{"-F", p.config}, {"-J", p.jump}, {"-l", p.login}, {"-b", p.bind},
	} {
		if o.value != "" {
			words = append(words, o.name, word(o.value))
		}
	}
	if p.port != 0 {
		words = append(words, "-p", strconv.Itoa(p.port))
	}
	if p.family != 0 {
		words = append(words, "-"+strconv.Itoa(p.family))
	}
	for _, file := range p.identity {
		words = append(words, "-i", word(file))
	}
	for _, set := range p.set {
		words = append(words, "-o", word(set))
	}
	return strings.Join(append(words, p.destination), " ")
}

// sshJump returns the ssh command line that connects to a jump host, as -J
// names it if that does.
func (p *program) sshJump(host string, more ...string) string {
	words := append([]string{"ssh"}, more...)
	if p.config != "" {
		words = append(words, "-F", word(p.config))
	}
	for spec := range strings.SplitSeq(p.jump, ",") {
		user, rest, ok := strings.Cut(spec, "@")
		if !ok {
			user, rest = "", spec
		}
		name, port, err := splitHostPort(rest, "")
		if err != nil || name != host {
			continue
		}
		if user != "" {
			words = append(words, "-l", word(user))
		}
		if port != "" {
			words = append(words, "-p", port)
		}
		break
	}
	return strings.Join(append(words, host), " ")
}

// word quotes for a shell what is more than a plain word.
func word(s string) string {
	special := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./-_~", r))
	}
	if s != "" && !strings.ContainsFunc(s, special) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// unknownHostHint is for a name that nobody knows, or that is none.
func (p *program) unknownHostHint(host string) string {
	name, port, ok := strings.Cut(p.destination, ":")
	if !ok || !isPort(port) || !strings.HasSuffix(p.destination, host) {
		return fmt.Sprintf("%s is neither a Host in ssh_config nor a name in DNS: -o HostName=ADDRESS says where it is", host)
	}
	const what = "as with ssh there is no port behind a host: ftptunnel -p %[2]s %[1]s"
	if p.byOption || p.forwards[0].target() != "localhost:21" {
		var target string
		if !p.byOption {
			target = " " + p.forwards[0].target()
		}
		return fmt.Sprintf(what+"%[3]s", name, port, target)
	}
	return fmt.Sprintf(what+" if it is SSH's, ftptunnel %[1]s localhost:%[2]s if it is FTP's", name, port)
}
