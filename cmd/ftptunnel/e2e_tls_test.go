//go:build unix

package main_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// certificate writes a certificate with its key and returns the file.
func certificate(t *testing.T) string {
	t.Helper()
	config, _, err := testenv.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(config.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: config.Certificates[0].Certificate[0]})...)
	path := filepath.Join(daemons.Folder(t), "certificate.pem")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tlsServers offer TLS to those who ask for it.
var tlsServers = []struct {
	name  string
	start func(*testing.T) *daemons.FTPServer
}{
	{"vsftpd", func(t *testing.T) *daemons.FTPServer {
		return daemons.VSFTPD(t, daemons.FTPOptions{Extra: []string{
			"ssl_enable=YES", "allow_anon_ssl=YES", "require_ssl_reuse=NO", "rsa_cert_file=" + certificate(t)}})
	}},
	{"pure-ftpd", func(t *testing.T) *daemons.FTPServer {
		return daemons.PureFTPD(t, daemons.FTPOptions{Extra: []string{"-Y", "1", "-2", certificate(t)}})
	}},
}

// curlWith runs curl with further options on a file of the site.
func curlWith(t *testing.T, s clients.Site, name string, options ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), cellTimeout)
	defer cancel()
	command := clients.Curl{}.Get(s, clients.EPSV, name, "-")
	command.Args = append(command.Args, options...)
	out, err := clients.Run(ctx, t, clients.Curl{}, command)
	return string(out), err
}

// Clients that would like TLS, and find that it is refused, go on without; one
// that insists says why it does not.
func TestTLSRefused(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, server := range tlsServers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			ftp := server.start(t)
			clients.Populate(t, ftp)
			p := startProgram(t, path, leg{ssh: "sshd"}.arguments(t, ftp, "-v")...)
			want, err := os.ReadFile(filepath.Join(ftp.Root, "big.bin"))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				got, err := curlWith(t, p.site(t, ftp), "/big.bin", "--ssl")
				if err != nil || got != string(want) {
					t.Errorf("curl --ssl: %d bytes of %d: %v", len(got), len(want), err)
				}
			}
			if err := exercise(t, clients.Cell{Client: eagerLFTP{}, Mode: clients.PASV, Site: p.site(t, ftp), Server: ftp}); err != nil {
				t.Error(err)
			}
			if out, err := curlWith(t, p.site(t, ftp), "/big.bin", "--ssl-reqd"); err == nil || !strings.Contains(out, "(64)") {
				t.Errorf("curl --ssl-reqd: %v: %s", err, out)
			}
			if n := p.tells(t, "AUTH refused: SSH encrypts all the way to "+ftp.Addr, 1); n != 1 {
				t.Errorf("it was said %d times", n)
			}
		})
	}
}

// eagerLFTP is lftp as it is without settings: it asks for TLS.
type eagerLFTP struct{ clients.LFTP }

func (c eagerLFTP) Get(s clients.Site, m clients.Mode, remote, local string) clients.Command {
	return c.eager(c.LFTP.Get(s, m, remote, local))
}

func (c eagerLFTP) Put(s clients.Site, m clients.Mode, local, remote string) clients.Command {
	return c.eager(c.LFTP.Put(s, m, local, remote))
}

func (c eagerLFTP) List(s clients.Site, m clients.Mode, folder string) clients.Command {
	return c.eager(c.LFTP.List(s, m, folder))
}

func (eagerLFTP) eager(c clients.Command) clients.Command {
	script := &c.Args[len(c.Args)-1]
	*script = strings.Replace(*script, "set ftp:ssl-allow no", "set ftp:ssl-allow yes", 1)
	return c
}

// A server that insists on TLS is named as such, with what there is to be had.
func TestTLSRequired(t *testing.T) {
	path := buildProgram(t, withRace)
	ftp := daemons.VSFTPD(t, daemons.FTPOptions{Extra: []string{
		"ssl_enable=YES", "allow_anon_ssl=YES", "force_anon_logins_ssl=YES", "force_anon_data_ssl=YES", "rsa_cert_file=" + certificate(t)}})
	clients.Populate(t, ftp)
	p := startProgram(t, path, leg{ssh: "sshd"}.arguments(t, ftp)...)
	if out, err := curlWith(t, p.site(t, ftp), "/big.bin"); err == nil || !strings.Contains(out, "530") {
		t.Errorf("curl: %v: %.200s", err, out)
	}
	for _, want := range []string{ftp.Addr + " demands TLS: ", "hint: ", "--tls pass"} {
		p.tells(t, want, 1)
	}
}

// With --tls pass login and commands run in TLS from end to end, and what does
// not work any more is said once.
func TestTLSPassed(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, server := range tlsServers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			ftp := server.start(t)
			clients.Populate(t, ftp)
			p := startProgram(t, path, leg{ssh: "sshd"}.arguments(t, ftp, "--tls", "pass")...)
			for _, folder := range []string{"one", "two"} {
				out, err := curlWith(t, p.site(t, ftp), "/big.bin", "--ssl-reqd", "-k", "--head", "-Q", "MKD /up/"+folder)
				if err != nil || !strings.Contains(out, "Content-Length: 5000000") {
					t.Errorf("curl: %v: %s", err, out)
				}
				if _, err := os.Stat(filepath.Join(ftp.Root, "up", folder)); err != nil {
					t.Error(err)
				}
			}
			if n := p.tells(t, "its data connections are no longer handled", 1); n != 1 {
				t.Errorf("it was said %d times", n)
			}
			// Who does not ask for TLS is served as ever.
			if err := exercise(t, clients.Cell{Client: clients.Ftplib{}, Mode: clients.PASV, Site: p.site(t, ftp), Server: ftp}); err != nil {
				t.Error(err)
			}
		})
	}
}
