//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons/clients"
)

// gateConfig is one sshd_config of the host between.
type gateConfig struct{ forwarding, gateway string }

var gateConfigs = []gateConfig{
	{"yes", "no"}, {"yes", "clientspecified"}, {"yes", "yes"},
	{"local", "no"}, {"local", "clientspecified"}, {"local", "yes"},
}

func (g gateConfig) String() string {
	return "AllowTcpForwarding " + g.forwarding + ", GatewayPorts " + g.gateway
}

// thirdHostMode is how data connections are made on the side of an FTP server
// that is not on the SSH server's host.
type thirdHostMode struct {
	options []string
	ipv6    bool // from the SSH server to the FTP server

	// works says for a client's mode whether there is a way at all.
	works func(gateConfig, clients.Mode) bool
}

func always(gateConfig, clients.Mode) bool        { return true }
func never(gateConfig, clients.Mode) bool         { return false }
func ifPassive(_ gateConfig, m clients.Mode) bool { return m.Passive() }
func ifReachable(g gateConfig, _ clients.Mode) bool {
	return g.forwarding == "yes" && g.gateway != "no"
}

var thirdHostModes = []thirdHostMode{
	{nil, false, always},
	{nil, true, always},
	{[]string{"--server-mode", "passive"}, false, always},
	{[]string{"--server-mode", "client"}, false, ifPassive},
	{[]string{"--server-mode", "active"}, false, never},
	{[]string{"--server-mode", "active", "--active-address", innerAddr}, false, ifReachable},
}

func (m thirdHostMode) String() string {
	return strings.Join(append(slices.Clone(m.options), fmt.Sprint("ipv6=", m.ipv6)), " ")
}

// Between three hosts, whatever the SSH server's policy is, a transfer works
// in every mode of every client or fails with a reply that names the cause. It
// never hangs.
func TestThreeHosts(t *testing.T) {
	for _, g := range gateConfigs {
		t.Run(g.String(), func(t *testing.T) {
			t.Parallel()
			h := newThreeHosts(t, "AllowTcpForwarding "+g.forwarding, "GatewayPorts "+g.gateway)
			for _, m := range thirdHostModes {
				t.Run(m.String(), func(t *testing.T) {
					t.Parallel()
					h.checkMode(t, g, m)
				})
			}
		})
	}
}

func (h *threeHosts) checkMode(t *testing.T, g gateConfig, m thirdHostMode) {
	server := h.ftp
	if m.ipv6 {
		server = h.ftp6
	}
	site := h.tunnel(t, server, m.options...)
	for _, mode := range []clients.Mode{clients.PASV, clients.EPSV, clients.PORT, clients.EPRT} {
		t.Run("replies "+string(mode), func(t *testing.T) {
			h.checkReply(t, mode, site, m.works(g, mode))
		})
	}
	// What the policy changes for one client it changes for the others.
	if len(m.options) > 0 && g.gateway != "clientspecified" {
		return
	}
	for _, client := range clients.All {
		for _, mode := range client.Modes(false) {
			t.Run(client.Name()+" "+string(mode), func(t *testing.T) {
				err := h.get(t, client, mode, site)
				if works := m.works(g, mode); works && err != nil {
					t.Error(err)
				} else if !works && err == nil {
					t.Error("the file arrived")
				}
			})
		}
	}
}

// namedCause are the causes for which there is no way between three hosts.
var namedCause = regexp.MustCompile(`the SSH server does not permit remote forwards|` +
	`the SSH server says that it listens on \S+, and nothing that connects there arrives|` +
	`active mode needs an address that the FTP server reaches`)

func (h *threeHosts) checkReply(t *testing.T, mode clients.Mode, site clients.Site, works bool) {
	err := h.reply(t, mode, site)
	if works {
		if err != nil {
			t.Error(err)
		}
		return
	}
	reply, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		t.Fatalf("no reply: %v", err)
	}
	if reply.Code < 400 || reply.Code > 599 || !namedCause.MatchString(reply.Msg) {
		t.Errorf("the reply names no cause: %v", reply)
	}
	t.Logf("%s: %v", mode, reply)
}
