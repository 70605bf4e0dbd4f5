//go:build unix

package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
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
			for client, mode := range everyDay(launcher.Name) {
				if mode.Passive() {
					continue
				}
				t.Run(client.Name()+" "+string(mode), func(t *testing.T) {
					before := len(answeredAhead.FindAllString(p.stderr.String(), -1))
					getMany(t, client, p.site(t, ftp), mode, names, filepath.Join(ftp.Root, "many"))
					n := len(answeredAhead.FindAllString(p.stderr.String(), -1)) - before
					if n < len(names)-1 {
						t.Errorf("%d requests were answered ahead, of %d files", n, len(names))
					}
				})
			}
		})
	}
}

// Over a long link an active client uploads, downloads, and goes on where a
// download was cut, waiting for each reply or for none.
func TestFarActiveBothWays(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, launcher := range daemons.FTPServers {
		t.Run(launcher.Name, func(t *testing.T) {
			t.Parallel()
			ftp := leg{ftp: launcher.Name}.startFTP(t)
			clients.Populate(t, ftp)
			sent := filepath.Join(t.TempDir(), "sent")
			names := makeMany(t, sent)
			p := startProgram(t, path, append(farSSH(t), "--listen", "127.0.0.1:0", "-vv", "box", ftp.Addr)...)
			for _, sync := range []string{"on", "off"} {
				got, again := filepath.Join(t.TempDir(), "got"), filepath.Join(t.TempDir(), "again")
				cutShort(t, sent, again, names)
				up := "/" + ftp.Upload + "/" + sync
				script := []string{"set ftp:sync-mode " + sync, "mirror -R " + sent + " " + up, "mirror " + up + " " + got}
				for _, name := range names {
					script = append(script, fmt.Sprintf("get -c %s/%s -o %s/%s", up, name, again, name))
				}
				lftp(t, p.site(t, ftp), clients.PORT, cellTimeout, script...)
				for _, tree := range []string{filepath.Join(ftp.Root, up), got, again} {
					if err := sameTrees(sent, tree); err != nil {
						t.Error("sync-mode", sync, err)
					}
				}
			}
			log := p.stderr.String()
			if n := len(answeredAhead.FindAllString(log, -1)); n < 2*len(names) {
				t.Errorf("%d requests were answered ahead, of 3 transfers of %d files each", n, len(names))
			}
			if !strings.Contains(log, "] > REST ") {
				t.Error("no download was continued")
			}
		})
	}
}

// cutShort makes a folder with the first half of each file.
func cutShort(t *testing.T, from, to string, names []string) {
	t.Helper()
	if err := os.Mkdir(to, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), content[:len(content)/2], 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
