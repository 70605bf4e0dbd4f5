//go:build unix

package main_test

import (
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// namedInURL is curl with the account in the URL: a user that names a port
// cannot stand in --user, which is divided at its first colon.
type namedInURL struct{ clients.Curl }

func (c namedInURL) Get(s clients.Site, m clients.Mode, remote, local string) clients.Command {
	return c.rewrite(s, c.Curl.Get(s, m, remote, local))
}

func (c namedInURL) Put(s clients.Site, m clients.Mode, local, remote string) clients.Command {
	return c.rewrite(s, c.Curl.Put(s, m, local, remote))
}

func (c namedInURL) List(s clients.Site, m clients.Mode, folder string) clients.Command {
	return c.rewrite(s, c.Curl.List(s, m, folder))
}

func (namedInURL) rewrite(s clients.Site, c clients.Command) clients.Command {
	account := "ftp://" + url.UserPassword(s.User, s.Password).String() + "@"
	var args []string
	for i, arg := range c.Args {
		if arg == "--user" || i > 0 && c.Args[i-1] == "--user" {
			continue
		}
		args = append(args, strings.Replace(arg, "ftp://", account, 1))
	}
	c.Args = args
	return c
}

// byProxy is lftp with ftp:proxy: it is given the server's own site.
type byProxy struct {
	clients.LFTP
	proxy string
}

func (c byProxy) Get(s clients.Site, m clients.Mode, remote, local string) clients.Command {
	return c.rewrite(c.LFTP.Get(s, m, remote, local))
}

func (c byProxy) Put(s clients.Site, m clients.Mode, local, remote string) clients.Command {
	return c.rewrite(c.LFTP.Put(s, m, local, remote))
}

func (c byProxy) List(s clients.Site, m clients.Mode, folder string) clients.Command {
	return c.rewrite(c.LFTP.List(s, m, folder))
}

func (c byProxy) rewrite(command clients.Command) clients.Command {
	last := len(command.Args) - 1
	command.Args[last] = "set ftp:proxy " + c.proxy + "; " + command.Args[last]
	return command
}

// startWays runs the program with a real sshd and further arguments.
func startWays(t *testing.T, o daemons.SSHOptions, args ...string) *tunnelProcess {
	t.Helper()
	return startBehind(t, daemons.SSHD(t, o), args...)
}

func startBehind(t *testing.T, ssh *daemons.SSHServer, args ...string) *tunnelProcess {
	t.Helper()
	config := daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: ssh})
	return startProgram(t, buildProgram(t, withRace), append([]string{"-vv", "-F", config, "box"}, args...)...)
}

// One proxy serves several servers at once, to every client that can name one.
func TestProxyServesRealServers(t *testing.T) {
	p := startWays(t, daemons.SSHOptions{}, "-D", "0")
	for _, launch := range daemons.FTPServers {
		if launch.Name == "pyftpdlib" || launch.Name == "inetutils-ftpd" {
			continue
		}
		t.Run(launch.Name, func(t *testing.T) {
			t.Parallel()
			ftp := launch.Start(t, daemons.FTPOptions{})
			clients.Populate(t, ftp)
			for _, cell := range proxied(t, p, ftp) {
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

// proxied are clients in their modes that reach a server by a proxy.
func proxied(t *testing.T, p *tunnelProcess, ftp *daemons.FTPServer) []clients.Cell {
	t.Helper()
	named := p.site(t, ftp)
	named.User += "@" + ftp.Addr
	var all []clients.Cell
	for _, c := range []struct {
		client clients.Client
		site   clients.Site
	}{
		{namedInURL{}, named},
		{clients.LFTP{}, named},
		{byProxy{proxy: p.addr.String()}, clients.Direct(ftp)},
		{clients.NcFTP{}, named},
		{clients.Wget{}, named},
	} {
		for _, mode := range c.client.Modes(false) {
			all = append(all, clients.Cell{Client: c.client, Mode: mode, Site: c.site, Server: ftp})
		}
	}
	return all
}

// Clients on the SSH server's side reach an FTP server on this one.
func TestRemoteServesRealClients(t *testing.T) {
	ftp := daemons.VSFTPD(t, daemons.FTPOptions{})
	clients.Populate(t, ftp)
	p := startWays(t, daemons.SSHOptions{}, "-R", "0:"+ftp.Addr)
	for _, client := range []clients.Client{clients.Curl{}, clients.LFTP{}} {
		for _, mode := range client.Modes(false) {
			cell := clients.Cell{Client: client, Mode: mode, Site: p.site(t, ftp), Server: ftp}
			t.Run(client.Name()+" "+string(mode), func(t *testing.T) {
				t.Parallel()
				if err := exercise(t, cell); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// When the SSH connection is lost, clients find the server at its old place
// soon, without anybody's doing.
func TestRemoteComesBack(t *testing.T) {
	curl := daemons.Find(t, "curl", "curl")
	ftp := daemons.VSFTPD(t, daemons.FTPOptions{})
	if err := os.WriteFile(filepath.Join(ftp.Root, "f"), []byte("file"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, launch := range daemons.SSHServers {
		t.Run(launch.Name, func(t *testing.T) {
			ssh := launch.Start(t, daemons.SSHOptions{})
			p := startBehind(t, ssh, "-R", "0:"+ftp.Addr)
			for range 3 {
				out, err := exec.Command(curl, "-q", "-sS", "--retry", "30", "--retry-all-errors", "--retry-delay", "1", p.addr.String()+"/f").Output()
				if err != nil || string(out) != "file" {
					t.Fatalf("%v: %q", err, out)
				}
				ssh.Cut()
			}
		})
	}
}

// Where sshd listens on every address nobody knows which of them the client
// has taken: EPSV works, and PASV is refused with a word about it.
func TestRemoteOnEveryAddress(t *testing.T) {
	ftp := daemons.VSFTPD(t, daemons.FTPOptions{})
	clients.Populate(t, ftp)
	p := startWays(t, daemons.SSHOptions{Extra: []string{"GatewayPorts clientspecified"}}, "-R", "*:0:"+ftp.Addr)
	site := p.site(t, ftp)
	for _, host := range append([]string{"127.0.0.1"}, ownAddresses(t)...) {
		site.Host = host
		cell := clients.Cell{Client: clients.Curl{}, Mode: clients.EPSV, Site: site, Server: ftp}
		if err := exercise(t, cell); err != nil {
			t.Errorf("at %s: %v", host, err)
		}
	}
	c := clients.Curl{}
	out, err := clients.Run(t.Context(), t, c, c.List(site, clients.PASV, "/"))
	if err == nil {
		t.Errorf("PASV: %s", out)
	}
	if !strings.Contains(p.stderr.String(), "425 PASV would have to name an address that is not known here, use EPSV.") {
		t.Error("PASV was not answered with a word about EPSV")
	}
}

// ownAddresses are the IPv4 addresses of this machine that others may reach, one
// at most.
func ownAddresses(t *testing.T) []string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return []string{n.IP.String()}
		}
	}
	return nil
}

// A file that one client has put by the proxy is the one that another gets, and
// the program tells which server it went to.
func TestProxyTellsServers(t *testing.T) {
	ftp := daemons.VSFTPD(t, daemons.FTPOptions{})
	p := startWays(t, daemons.SSHOptions{}, "-D", "0")
	if err := os.WriteFile(filepath.Join(ftp.Root, "f"), []byte("file"), 0o644); err != nil {
		t.Fatal(err)
	}
	site := p.site(t, ftp)
	site.User += "@" + ftp.Addr
	c, local := namedInURL{}, filepath.Join(t.TempDir(), "f")
	if out, err := clients.Run(t.Context(), t, c, c.Get(site, clients.EPSV, "/f", local)); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	log := p.stderr.String()
	for _, want := range []string{"[" + ftp.Addr + " 1] RETR f", "> USER " + site.User, "=> USER anonymous"} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not told", want)
		}
	}
	if strings.Contains(log, ftp.Password) {
		t.Error("the password is told")
	}
}
