//go:build unix

package main_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// lftp runs commands of lftp's.
func lftp(t *testing.T, s clients.Site, m clients.Mode, limit time.Duration, commands ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	client := clients.LFTP{}
	if out, err := clients.Run(ctx, t, client, client.Script(s, m, commands...)); err != nil {
		t.Errorf("lftp: %v: %s", err, out)
	}
}

// Trees of small files come back from a server as they went there, with three
// connections at once, of which each changes between passive and active mode.
func TestMirrorsInMixedModes(t *testing.T) {
	files := 200
	if os.Getenv("FTPTUNNEL_MATRIX") == "1" {
		files = 2000
	}
	path := buildProgram(t, withRace)
	for _, l := range []leg{
		{ssh: "sshd", ftp: "vsftpd", serverMode: "auto"},
		{ssh: "sshd", ftp: "proftpd", serverMode: "passive"},
		{ssh: "sshd", ftp: "vsftpd", serverMode: "active"},
		{ssh: "sshd", ftp: "pyftpdlib", serverMode: "auto", serverIPv6: true},
	} {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			p, ftp := l.start(t, path)
			dir := t.TempDir()
			sent, got, gotAgain := filepath.Join(dir, "sent"), filepath.Join(dir, "got"), filepath.Join(dir, "again")
			makeTree(t, sent, files)
			up := filepath.Join(ftp.Root, "up", "tree")
			lftp(t, p.site(t, ftp), clients.PASV, 10*time.Minute,
				"mirror -R --parallel=3 "+sent+" /up/tree",
				"set ftp:passive-mode off", "mirror --parallel=3 /up/tree "+got,
				"set ftp:prefer-epsv yes", "set ftp:passive-mode on", "mirror --parallel=3 /up/tree "+gotAgain)
			for _, tree := range []string{up, got, gotAgain} {
				if err := sameTrees(sent, tree); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// lftp sends commands ahead of the replies, in every mode, to every server.
// What it cannot do without a tunnel is left out: pyftpdlib 1.5.7 answers a
// PORT with MLSD behind it out of turn, 150 before 200, and lftp 4.9.2 then
// takes the listing for empty.
func TestPipeliningLFTP(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, server := range daemons.FTPServers {
		t.Run(server.Name, func(t *testing.T) {
			t.Parallel()
			p, ftp := leg{ssh: "sshd", ftp: server.Name}.start(t, path, "-vv")
			tree := filepath.Join(ftp.Root, "tree")
			makeTree(t, tree, 40)
			for _, mode := range (clients.LFTP{}).Modes(false) {
				if server.Name == "pyftpdlib" && mode == clients.PORT {
					continue
				}
				got := filepath.Join(t.TempDir(), "got")
				lftp(t, p.site(t, ftp), mode, cellTimeout, "set ftp:sync-mode off", "mirror /tree "+got)
				if err := sameTrees(tree, got); err != nil {
					t.Error(mode, err)
				}
			}
		})
	}
}

// lftp names the host that it has connected to; ProFTPD gets its own name.
func TestHost(t *testing.T) {
	path := buildProgram(t, withRace)
	p, ftp := leg{ssh: "sshd", ftp: "proftpd"}.start(t, path, "-vv")
	if addrs, err := net.LookupHost("localhost"); err != nil || len(addrs) == 0 {
		t.Skipf("no localhost: %v", err)
	}
	site := p.site(t, ftp)
	site.Host = "localhost"
	if err := exercise(t, clients.Cell{Client: clients.LFTP{}, Mode: clients.PASV, Site: site, Server: ftp}); err != nil {
		t.Error(err)
	}
	p.tells(t, "> HOST localhost\n", 1)
	p.tells(t, "=> HOST "+ftp.Host+"\n", 1)
}
