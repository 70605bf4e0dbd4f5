//go:build unix

package main_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"syscall"
	"testing"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// transferBetween has one session's server send a file to another's, as RFC
// 959, section 5.2 tells.
func transferBetween(t *testing.T, from, to *raw, name, as string) {
	t.Helper()
	to.do("200", "PORT %s", hostPort(from.passive()))
	to.say("STOR %s", as)
	to.hear("150", "125")
	from.say("RETR %s", name)
	from.hear("150", "125")
	from.hear("226", "250")
	to.hear("226", "250")
}

// arrived compares what a server has got with what another one has.
func arrived(t *testing.T, from, to *daemons.FTPServer, as string) {
	t.Helper()
	want, err := hashFile(filepath.Join(from.Root, "big.bin"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := hashFile(filepath.Join(to.Root, "up", as)); err != nil || got != want {
		t.Errorf("SHA-256 differs: %v", err)
	}
}

// Two sessions of one program transfer a file between themselves, whatever
// mode the servers use.
func TestFXPWithinAProgram(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, mode := range []string{"auto", "passive", "active"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p, ftp := leg{ssh: "sshd", ftp: "vsftpd", serverMode: mode}.start(t, path, "-vv")
			from, to := dialRaw(t, p.site(t, ftp)), dialRaw(t, p.site(t, ftp))
			for _, as := range []string{"first", "second"} {
				transferBetween(t, from, to, "big.bin", "up/"+as)
				arrived(t, ftp, ftp, as)
			}
			from.do("221", "QUIT")
			to.do("221", "QUIT")
		})
	}
}

// twoPrograms are two programs, each in front of a server of its own.
func twoPrograms(t *testing.T, from, to string, args ...string) (sites [2]clients.Site, servers [2]*daemons.FTPServer) {
	t.Helper()
	path := buildProgram(t, withRace)
	for i, name := range []string{from, to} {
		var p *tunnelProcess
		p, servers[i] = leg{ssh: "sshd", ftp: name}.start(t, path, args...)
		sites[i] = p.site(t, servers[i])
	}
	return sites, servers
}

// Sessions of two programs transfer a file between themselves, either way.
func TestFXPBetweenPrograms(t *testing.T) {
	sites, servers := twoPrograms(t, "vsftpd", "proftpd", "-vv")
	one, other := dialRaw(t, sites[0]), dialRaw(t, sites[1])
	transferBetween(t, one, other, "big.bin", "up/there")
	arrived(t, servers[0], servers[1], "there")
	transferBetween(t, other, one, "big.bin", "up/back")
	arrived(t, servers[1], servers[0], "back")
}

// lftp has two servers transfer between themselves, with either of them
// passive, and does not fall back on carrying the data itself. pyftpdlib 1.5.7
// is no good at it: it dials on PORT, and data that comes before the STOR is lost.
func TestFXPByLFTP(t *testing.T) {
	sites, servers := twoPrograms(t, "pure-ftpd", "vsftpd", "-vv")
	for _, source := range []string{"on", "off"} {
		t.Run("source passive "+source, func(t *testing.T) {
			as := "by lftp " + source
			url := func(i int, name string) string {
				s := sites[i]
				return fmt.Sprintf(`"ftp://%s:%s@%s:%d/%s"`, s.User, s.Password, s.Host, s.Port, name)
			}
			ctx, cancel := context.WithTimeout(context.Background(), cellTimeout)
			defer cancel()
			lftp := clients.LFTP{}
			out, err := clients.Run(ctx, t, lftp, lftp.Script(sites[0], clients.PASV,
				"set ftp:use-fxp on", "set ftp:fxp-force on", "set ftp:fxp-passive-source "+source,
				"get "+url(0, "big.bin")+" -o "+url(1, "up/"+as)))
			if err != nil {
				t.Errorf("lftp: %v: %s", err, out)
			}
			arrived(t, servers[0], servers[1], as)
		})
	}
}

// A server is sent to no address but the client's own, unless --fxp permits it.
func TestFXPForeign(t *testing.T) {
	const elsewhere = "127.0.0.2"
	path := buildProgram(t, withRace)
	for _, permitted := range []bool{false, true} {
		t.Run(fmt.Sprint("permitted ", permitted), func(t *testing.T) {
			var args []string
			if permitted {
				args = []string{"--fxp"}
			}
			p, ftp := leg{ssh: "sshd", ftp: "vsftpd"}.start(t, path, args...)
			l, err := net.Listen("tcp", elsewhere+":0")
			if err != nil {
				t.Skipf("no second loopback address: %v", err)
			}
			defer l.Close()
			c := dialRaw(t, p.site(t, ftp))
			c.say("PORT %s", hostPort(netip.MustParseAddrPort(l.Addr().String())))
			if !permitted {
				c.hear("501")
				p.tells(t, elsewhere, 1)
				p.tells(t, "hint: --fxp", 1)
				fetchedFrom(t, c, elsewhere, false)
				return
			}
			c.hear("200")
			c.say("RETR big.bin")
			c.hear("150")
			conn, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if n, err := drain(conn); n != clients.BigSize || err != nil {
				t.Errorf("%d bytes: %v", n, err)
			}
			conn.Close()
			c.hear("226")
			fetchedFrom(t, c, elsewhere, true)
		})
	}
}

// fetchedFrom connects to a passive data port from another address than the
// control connection's, as a third host does, and checks whether that gets
// the file.
func fetchedFrom(t *testing.T, c *raw, host string, want bool) {
	t.Helper()
	at := c.passive()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}, Timeout: rawTimeout}
	conn, err := d.Dial("tcp", at.String())
	if !want && errors.Is(err, syscall.ECONNRESET) {
		return // so soon that connect has heard of it
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if !want {
		if n, err := io.Copy(io.Discard, conn); n > 0 {
			t.Errorf("a stranger got %d bytes (%v)", n, err)
		}
		return
	}
	c.say("RETR big.bin")
	c.hear("150")
	if n, err := drain(conn); n != clients.BigSize || err != nil {
		t.Errorf("a third host got %d bytes: %v", n, err)
	}
	c.hear("226")
}
