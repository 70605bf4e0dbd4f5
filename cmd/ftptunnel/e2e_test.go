//go:build unix

package main_test

import (
	"testing"

	"ftptunnel/testenv/daemons"
)

// everyDayLegs are the tunnels that each run of the tests goes through with
// every client: both SSH servers with every FTP server, and each side over
// IPv6 once. TestMatrix has them all.
func everyDayLegs() []leg {
	var legs []leg
	for _, ssh := range daemons.SSHServers {
		for _, ftp := range daemons.FTPServers {
			legs = append(legs, leg{ssh: ssh.Name, ftp: ftp.Name, serverMode: "auto"})
		}
	}
	return append(legs,
		leg{ssh: "sshd", ftp: "vsftpd", serverIPv6: true, serverMode: "auto"},
		leg{ssh: "sshd", ftp: "proftpd", clientIPv6: true, serverMode: "auto"},
	)
}

// The program carries every client in every mode: listing, download and
// upload, of a large file, an empty one, and one with spaces and letters
// beyond ASCII in its name.
func TestEndToEnd(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, leg := range everyDayLegs() {
		t.Run(leg.String(), func(t *testing.T) {
			t.Parallel()
			p, ftp := leg.start(t, path, "-vv")
			for _, cell := range cells(t, p, ftp, leg.clientIPv6) {
				t.Run(cell.Client.Name()+" "+string(cell.Mode), func(t *testing.T) {
					t.Parallel()
					if err := exercise(t, cell); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}
