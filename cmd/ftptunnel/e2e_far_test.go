//go:build unix

package main_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// farSSH starts an sshd at the end of a link that --server-mode auto takes for
// long, and returns the options that lead to it.
func farSSH(t *testing.T) []string {
	t.Helper()
	sshd := daemons.SSHD(t, daemons.SSHOptions{})
	link, err := testenv.NewDelayLine(sshd.Addr, 15*time.Millisecond, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { link.Close() })
	return []string{"-F", daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: sshd,
		Extra: []string{fmt.Sprint("Port ", link.Port()), fmt.Sprintf("HostKeyAlias [%s]:%d", sshd.Host, sshd.Port)}})}
}

// answeredAhead is an active client's 200 that comes before the server's answer.
var answeredAhead = regexp.MustCompile(`\] => (PASV|EPSV)\n.*\] <= 200 (PORT|EPRT) command successful\.\n`)

// Over a long link every active client gets many files over one control
// connection from every server, all but the first by a PORT that is answered
// ahead of the server.
func TestFarActive(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, launcher := range daemons.FTPServers {
		t.Run(launcher.Name, func(t *testing.T) {
			t.Parallel()
			ftp := leg{ftp: launcher.Name}.startFTP(t)
			names := makeMany(t, filepath.Join(ftp.Root, "many"))
			p := startProgram(t, path, append(farSSH(t), "--listen", "127.0.0.1:0", "-vv", "box", ftp.Addr)...)
			for _, client := range clients.All {
				for _, mode := range client.Modes(false) {
					if !mode.Passive() && everyDayPrefetch(client, launcher.Name) {
						t.Run(client.Name()+" "+string(mode), func(t *testing.T) {
							before := len(answeredAhead.FindAllString(p.stderr.String(), -1))
							getMany(t, client, p.site(t, ftp), mode, names, filepath.Join(ftp.Root, "many"))
							n := len(answeredAhead.FindAllString(p.stderr.String(), -1)) - before
							if n < len(names)-1 {
								t.Errorf("%d requests were answered ahead, of %d files", n, len(names))
							}
						})
					}
				}
			}
		})
	}
}
