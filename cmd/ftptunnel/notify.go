package main

import (
	"slices"
	"strings"

	"ftptunnel/sshconn"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notifyVariable names the socket on which systemd hears of a service of
// Type=notify.
const notifyVariable = "NOTIFY_SOCKET"

// withoutNotify removes it from the environment of a command, which is not the
// service.
func withoutNotify(environ []string) []string {
	return slices.DeleteFunc(environ, func(v string) bool { return strings.HasPrefix(v, notifyVariable+"=") })
}

// tellSystemd says how the program is, if systemd has started it and wants to
// know (sd_notify(3)): a status for people, and other assignments.
func (p *program) tellSystemd(status string, others ...string) {
	text := strings.Join(append(others, "STATUS="+escape(status)), "\n")
	if _, err := daemon.SdNotify(false, text); err != nil && p.once("notify") {
		p.log.warnf("notify", "systemd cannot be told how the service is: %v", err)
	}
}

// tellReady says that clients may come.
func (p *program) tellReady(services []*service) {
	var all []string
	for _, s := range services {
		all = append(all, s.leads(s.at().url()))
	}
	status := strings.Join(all, ", ")
	p.mu.Lock()
	p.readyStatus = status
	p.mu.Unlock()
	p.tellSystemd(status, daemon.SdNotifyReady)
}

// tellConnection says what has become of the SSH connection of a service that
// is ready.
func (p *program) tellConnection(e sshconn.Event, text string) {
	p.mu.Lock()
	status := p.readyStatus
	p.mu.Unlock()
	switch {
	case status == "" || e.Hop:
	case e.Kind == sshconn.Connected:
		p.tellSystemd(status)
	case e.Kind == sshconn.Lost, e.Kind == sshconn.Reconnecting:
		p.tellSystemd(text)
	}
}

// tellStopping says that the end has begun.
func (p *program) tellStopping(why string) { p.tellSystemd(why, daemon.SdNotifyStopping) }
