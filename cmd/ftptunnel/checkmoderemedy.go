package main

import (
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"

	"ftptunnel/sshconn"
	"ftptunnel/tunnel"
)

// wrongMode is a listing that failed. What went before says more than the
// client's error.
func (c *check) wrongMode(mode string, err error, s *sightings) hop {
	detail := err.Error()
	for _, f := range s.failed {
		if f.Err != nil && !strings.Contains(detail, f.Err.Error()) {
			detail += "; " + f.Err.Error()
		}
	}
	for _, refusal := range s.refusals {
		if _, text, _ := strings.Cut(refusal, ": "); !strings.Contains(detail, text[min(4, len(text)):]) { // its words, not its code
			detail += "; the server refused " + refusal
		}
	}
	h := failed(detail, c.modeRemedy(mode, s)...)
	if e, ok := errors.AsType[*textproto.Error](err); ok && demandsTLS(e) {
		h.Remedy = c.plainRemedy()
	}
	return h
}

// modeRemedy is for a data connection that could not be made in the client's
// mode, by what was seen of it: one remedy for each cause.
func (c *check) modeRemedy(mode string, s *sightings) []string {
	var remedies []string
	add := func(lines ...string) {
		for _, line := range lines {
			if len(remedies) == 0 || remedies[len(remedies)-1] != line {
				remedies = append(remedies, line)
			}
		}
	}
	for _, f := range s.failed {
		add(c.dataRemedy(f, s)...)
	}
	for _, refusal := range s.refusals {
		add(c.refusalRemedy(refusal))
	}
	if len(remedies) == 0 {
		add(fmt.Sprintf("%s -vv shows the dialogue, with an FTP client beside it that lists by %s", c.again(), mode))
	}
	return remedies
}

// dataRemedy is for one end of a data connection that could not be made.
func (c *check) dataRemedy(f tunnel.DataFailed, s *sightings) []string {
	forward, refused := errors.AsType[*sshconn.ForwardError](f.Err)
	listen, unheard := errors.AsType[*sshconn.ListenError](f.Err)
	switch {
	case refused && forward.Reason == sshconn.Prohibited:
		return []string{c.permitOpen()}
	case unheard:
		return []string{c.listenRemedy(listen)}
	case f.End != tunnel.Server || f.Listen:
		return nil
	}
	return c.passiveRemedy(f.Address, s.named)
}

// passiveRemedy is for a passive port that the SSH server does not reach.
func (c *check) passiveRemedy(address, named string) []string {
	dialled, port, _ := net.SplitHostPort(address)
	host := c.ftpHost()
	lines := []string{
		fmt.Sprintf("on %s, vsftpd.conf: pasv_min_port=50000, pasv_max_port=50100 (proftpd.conf: PassivePorts 50000 50100); today it named port %s", host, port),
		fmt.Sprintf("on %s, in the firewall: iptables -I INPUT -p tcp -s %s --dport 50000:50100 -j ACCEPT", host, c.seenFrom()),
	}
	if onSSHHost(c.forward.host) {
		lines = append(lines, "if it runs in a container there, its passive ports have to be published: -p 50000-50100:50000-50100")
	}
	if elsewhere := dialled != c.forward.host && !(onSSHHost(dialled) && onSSHHost(c.forward.host)); c.replyHost && elsewhere {
		lines = append([]string{fmt.Sprintf("the server names the host %s: without --data-host reply it is %s that is dialled", dialled, c.forward.host)}, lines...)
	}
	if named != "" {
		lines = append([]string{fmt.Sprintf("the server names the host %s: if that is right: --data-host reply", named)}, lines...)
	}
	return lines
}

// seenFrom is the address that the FTP server sees the SSH server come from, as
// far as it is known.
func (c *check) seenFrom() string {
	if onSSHHost(c.forward.host) {
		return "127.0.0.1"
	}
	return c.sshHost()
}

// refusalRemedy is for a command that the FTP server refused.
func (c *check) refusalRemedy(refusal string) string {
	if verb, _, _ := strings.Cut(refusal, ": "); active(verb) {
		return fmt.Sprintf("on %s, vsftpd.conf: port_enable=YES", c.ftpHost())
	}
	return fmt.Sprintf("on %s, vsftpd.conf: pasv_enable=YES", c.ftpHost())
}
