//go:build unix

package main_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// cellTimeout bounds all runs of one client in one mode.
const cellTimeout = 2 * time.Minute

// leg is a tunnel between real programs: what clients find at its near end.
type leg struct {
	ssh        string // a name of daemons.SSHServers
	ftp        string // a name of daemons.FTPServers
	clientIPv6 bool   // clients connect to ::1
	serverIPv6 bool   // the FTP server is at ::1
	serverMode string // of --server-mode
}

func (l leg) String() string {
	return fmt.Sprintf("%s %s to %s over %s, %s", l.family(l.clientIPv6), l.ssh, l.ftp, l.family(l.serverIPv6), l.serverMode)
}

func (leg) family(ipv6 bool) string {
	if ipv6 {
		return "IPv6"
	}
	return "IPv4"
}

// start starts the servers and the program between them.
func (l leg) start(t *testing.T, path string, args ...string) (*tunnelProcess, *daemons.FTPServer) {
	t.Helper()
	ftp := l.startFTP(t)
	clients.Populate(t, ftp)
	return startProgram(t, path, l.arguments(t, ftp, args...)...), ftp
}

// arguments starts the SSH server and returns the command line for it.
func (l leg) arguments(t *testing.T, ftp *daemons.FTPServer, args ...string) []string {
	t.Helper()
	all := []string{"-F", daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: l.startSSH(t)}), "--listen", "localhost:0"}
	if l.serverMode != "" {
		all = append(all, "--server-mode", l.serverMode)
	}
	return append(append(all, args...), "box", ftp.Addr)
}

func (l leg) startSSH(t *testing.T) *daemons.SSHServer {
	t.Helper()
	for _, launcher := range daemons.SSHServers {
		if launcher.Name == l.ssh {
			return launcher.Start(t, daemons.SSHOptions{})
		}
	}
	t.Fatalf("no SSH server %q", l.ssh)
	return nil
}

func (l leg) startFTP(t *testing.T) *daemons.FTPServer {
	t.Helper()
	for _, launcher := range daemons.FTPServers {
		if launcher.Name == l.ftp {
			return launcher.Start(t, daemons.FTPOptions{IPv6: l.serverIPv6})
		}
	}
	t.Fatalf("no FTP server %q", l.ftp)
	return nil
}

// cells are the clients, at the near end of the leg, in the modes that they
// have over IPv4 or over IPv6.
func cells(t *testing.T, p *tunnelProcess, ftp *daemons.FTPServer, ipv6 bool) []clients.Cell {
	t.Helper()
	site := p.site(t, ftp)
	if ipv6 {
		site.Host = "::1"
	}
	var all []clients.Cell
	for _, client := range clients.All {
		for _, mode := range client.Modes(ipv6) {
			all = append(all, clients.Cell{Client: client, Mode: mode, Site: site, Server: ftp})
		}
	}
	return all
}

// exercise runs a cell.
func exercise(t *testing.T, c clients.Cell) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), cellTimeout)
	defer cancel()
	return c.Exercise(ctx, t)
}
