//go:build unix

package main_test

import (
	"bytes"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons"
)

// commandsIn returns the commands of a page that begin with one of the words.
func commandsIn(t *testing.T, page string, words ...string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(text)) {
		command, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "    $ ")
		for _, w := range words {
			if ok && strings.HasPrefix(command, w+" ") {
				found = append(found, command)
			}
		}
	}
	return found
}

// TestProxyPage runs the commands of docs/proxy.md with a real sshd and FTP
// server in the place of the names there.
func TestProxyPage(t *testing.T) {
	ftp := daemons.VSFTPD(t, daemons.FTPOptions{Extra: []string{"no_anon_password=NO"}})
	want := []byte("a report\n")
	if err := os.Mkdir(filepath.Join(ftp.Root, "pub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(ftp.Root, "pub", "report.pdf"), want, 0o644); err != nil {
		t.Fatal(err)
	}
	proxy := startWays(t, daemons.SSHOptions{}, "-D", "0")
	turned := startWays(t, daemons.SSHOptions{}, "-R", "0:"+ftp.Addr)
	for _, command := range commandsIn(t, "proxy.md", "curl", "wget", "lftp", "ncftpget") {
		program, _, _ := strings.Cut(command, " ")
		at := proxy
		if !strings.Contains(command, "ftp.internal") && program == "curl" {
			at = turned
		}
		t.Run(program, func(t *testing.T) {
			path := daemons.Find(t, program, strings.TrimSuffix(program, "get"))
			home := proxyHome(t, ftp)
			c := exec.Command("sh", "-c", path+strings.TrimPrefix(inPlace(command, at, ftp), program))
			c.Dir = home
			c.Env = append(daemons.Environ(), "HOME="+home)
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %s", c.Args, err, out)
			}
			if got, err := os.ReadFile(filepath.Join(home, "report.pdf")); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %q, %v", c.Args, got, err)
			}
		})
	}
}

// inPlace puts the test's addresses in the place of the page's.
func inPlace(command string, p *tunnelProcess, ftp *daemons.FTPServer) string {
	return strings.NewReplacer(
		"127.0.0.1:2121", p.addr.Host,
		"-P 2121", "-P "+p.addr.Port(),
		"me%40ftp.internal", ftp.User+url.QueryEscape("@"+ftp.Addr),
		"me@ftp.internal", ftp.User+"@"+ftp.Addr,
	).Replace(command)
}

// proxyHome is a home folder with the files that the page describes.
func proxyHome(t *testing.T, ftp *daemons.FTPServer) string {
	t.Helper()
	home := t.TempDir()
	host, _, err := net.SplitHostPort(ftp.Addr)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		".netrc": "machine 127.0.0.1 login " + ftp.User + "@" + ftp.Addr + " password " + ftp.Password + "\n" +
			"machine " + host + " login " + ftp.User + " password " + ftp.Password + "\n",
		"login.cfg": "host 127.0.0.1\nuser " + ftp.User + "@" + ftp.Addr + "\npass " + ftp.Password + "\n",
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return home
}
