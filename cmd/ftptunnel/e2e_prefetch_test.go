//go:build unix

package main_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// severalGets is one run of a client that downloads a flat folder over one
// control connection.
func severalGets(c clients.Client, s clients.Site, m clients.Mode, names []string, dir string) clients.Command {
	get := func(name string) clients.Command {
		return c.Get(s, m, "/many/"+name, filepath.Join(dir, name))
	}
	all := get(names[0])
	switch c.(type) {
	case clients.Curl:
		for _, name := range names[1:] {
			args := get(name).Args
			all.Args = append(all.Args, args[len(args)-3:]...)
		}
	case clients.LFTP:
		return clients.LFTP{}.Script(s, m, "mirror /many "+dir)
	case clients.Wget:
		folder := c.List(s, m, "/many").Args
		options := []string{"-r", "-nd", "-R", ".listing", "-P", dir}
		all.Args = append(slices.Clone(folder[:len(folder)-3]), append(options, folder[len(folder)-1])...)
	case clients.NcFTP:
		args := all.Args[:len(all.Args)-4] // without -C host remote local
		all.Args = append(slices.Clone(args), s.Host, dir)
		for _, name := range names {
			all.Args = append(all.Args, "/many/"+name)
		}
	case clients.TNFTP, clients.Inetutils:
		for _, name := range names[1:] {
			script := strings.SplitAfter(get(name).Stdin, "\n")
			line := script[len(script)-3]
			at := strings.LastIndex(strings.TrimSuffix(all.Stdin, "\n"), "\n") + 1
			all.Stdin = all.Stdin[:at] + line + all.Stdin[at:]
		}
	case clients.Ftplib:
		for _, name := range names[1:] {
			all.Args = append(all.Args, "/many/"+name, filepath.Join(dir, name))
		}
	}
	return all
}

// everyDay are the clients and modes that get many files each time: all of them
// with the server that is asked together with its transfers, and two clients
// with the others.
func everyDay(server string) iter.Seq2[clients.Client, clients.Mode] {
	all := server == "vsftpd" || os.Getenv("FTPTUNNEL_MATRIX") == "1"
	return func(yield func(clients.Client, clients.Mode) bool) {
		for _, c := range clients.All {
			if !all && c != clients.Client(clients.Curl{}) && c != clients.Client(clients.LFTP{}) {
				continue
			}
			for _, mode := range c.Modes(false) {
				if !yield(c, mode) {
					return
				}
			}
		}
	}
}

// With --prefetch every client gets many files over one control connection from
// every server, in each of its modes; and no client ever has to ask vsftpd
// again for what was asked for ahead.
func TestPrefetch(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, launcher := range daemons.FTPServers {
		t.Run(launcher.Name, func(t *testing.T) {
			t.Parallel()
			ftp := leg{ftp: launcher.Name}.startFTP(t)
			names := makeMany(t, filepath.Join(ftp.Root, "many"))
			p := startProgram(t, path, leg{ssh: "sshd"}.arguments(t, ftp, "-vv", "--prefetch")...)
			for client, mode := range everyDay(launcher.Name) {
				t.Run(client.Name()+" "+string(mode), func(t *testing.T) {
					getMany(t, client, p.site(t, ftp), mode, names, filepath.Join(ftp.Root, "many"))
				})
			}
			p.tellsAhead(t, len(names))
		})
	}
}

// makeMany makes a flat folder of small files and returns their names.
func makeMany(t *testing.T, folder string) (names []string) {
	t.Helper()
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		name := fmt.Sprint("file-", i)
		content := make([]byte, i*7919%65536)
		rand.Read(content) // never fails
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// getMany runs a client and compares what it got.
func getMany(t *testing.T, c clients.Client, s clients.Site, m clients.Mode, names []string, want string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "got")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), cellTimeout)
	defer cancel()
	if out, err := clients.Run(ctx, t, c, severalGets(c, s, m, names, dir)); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if err := sameTrees(want, dir); err != nil {
		t.Error(err)
	}
}

// tellsAhead looks in the dialogue that every server was asked ahead, and that
// none of it has reached a client as an error.
func (p *tunnelProcess) tellsAhead(t *testing.T, files int) {
	t.Helper()
	log := p.stderr.String()
	if n := strings.Count(log, "] => PASV\n") + strings.Count(log, "] => EPSV\n"); n < files {
		t.Errorf("asked ahead %d times, for at least %d files each", n, files)
	}
	for _, word := range []string{"] <= 425", "] <= 421", "] < 425", "nobody asked for"} {
		if strings.Contains(log, word) {
			t.Errorf("the dialogue has %q", word)
		}
	}
}

// A server with a single passive port serves as ever, whether or not it can
// listen there again so soon.
func TestPrefetchOnePort(t *testing.T) {
	path := buildProgram(t, withRace)
	port := freePort(t)
	ftp := daemons.VSFTPD(t, daemons.FTPOptions{Extra: []string{"pasv_min_port=" + port, "pasv_max_port=" + port}})
	names := makeMany(t, filepath.Join(ftp.Root, "many"))
	p := startProgram(t, path, leg{ssh: "sshd"}.arguments(t, ftp, "-vv", "--prefetch")...)
	getMany(t, clients.LFTP{}, p.site(t, ftp), clients.PASV, names, filepath.Join(ftp.Root, "many"))
	getMany(t, clients.Curl{}, p.site(t, ftp), clients.EPSV, names, filepath.Join(ftp.Root, "many"))
}

// freePort is a port of this machine that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
