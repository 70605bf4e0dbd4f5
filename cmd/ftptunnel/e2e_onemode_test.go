//go:build unix

package main_test

import (
	"os"
	"testing"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// oneModeServer is a server that has been told to make data connections in one
// way only.
type oneModeServer struct {
	name    string
	start   func(testing.TB, daemons.FTPOptions) *daemons.FTPServer
	extra   []string
	passive bool // what is left
}

var oneModeServers = []oneModeServer{
	{"vsftpd active", daemons.VSFTPD, []string{"pasv_enable=NO"}, false},
	{"proftpd active", daemons.ProFTPD, []string{"<Limit PASV EPSV>", "DenyAll", "</Limit>"}, false},
	{"pure-ftpd active", daemons.PureFTPD, []string{"-N"}, false},
	{"vsftpd passive", daemons.VSFTPD, []string{"port_enable=NO"}, true},
	{"proftpd passive", daemons.ProFTPD, []string{"<Limit PORT EPRT>", "DenyAll", "</Limit>"}, true},
}

// oneModeCells are clients in a mode that the server does not have: those that
// have no other, and with FTPTUNNEL_MATRIX=1 all.
func oneModeCells(passive bool) map[clients.Client][]clients.Mode {
	if os.Getenv("FTPTUNNEL_MATRIX") == "1" {
		all := map[clients.Client][]clients.Mode{}
		for _, client := range clients.All {
			all[client] = client.Modes(false)
		}
		return all
	}
	if passive {
		return map[clients.Client][]clients.Mode{
			clients.Inetutils{}: {clients.PORT},
			clients.NcFTP{}:     {clients.PORT},
			clients.Curl{}:      {clients.EPRT},
		}
	}
	return map[clients.Client][]clients.Mode{
		clients.Ftplib{}: {clients.PASV},
		clients.Wget{}:   {clients.PASV},
		clients.Curl{}:   {clients.EPSV},
	}
}

// A server without passive mode serves a client that has nothing else, and so
// does one without active mode.
func TestServersOfOneMode(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, server := range oneModeServers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			ftp := server.start(t, daemons.FTPOptions{Extra: server.extra})
			clients.Populate(t, ftp)
			p := startProgram(t, path, leg{ssh: "sshd"}.arguments(t, ftp, "-vv")...)
			for client, modes := range oneModeCells(server.passive) {
				for _, mode := range modes {
					t.Run(client.Name()+" "+string(mode), func(t *testing.T) {
						if err := exercise(t, clients.Cell{Client: client, Mode: mode, Site: p.site(t, ftp), Server: ftp}); err != nil {
							t.Error(err)
						}
					})
				}
			}
		})
	}
}
