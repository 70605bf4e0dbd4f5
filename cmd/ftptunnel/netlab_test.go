//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
	"ftptunnel/testenv/netlab"
)

// The networks of three hosts: the client's with the SSH server, and the SSH
// server's with the FTP server.
const (
	gateAddr   = "10.77.1.2"
	innerAddr  = "10.77.2.1" // the SSH server, as the FTP server sees it
	serverAddr = "10.77.2.2"
	serverIPv6 = "fd77::2"
)

// threeHosts is a client, an SSH server and an FTP server on a host each.
// Neither end reaches the other.
type threeHosts struct {
	client, gate, server *netlab.Host

	ssh     *daemons.SSHServer
	ftp     *daemons.FTPServer
	ftp6    *daemons.FTPServer // the same over IPv6
	config  string             // an ssh_config with the Host "gate"
	content []byte             // of the file "file"
}

func newThreeHosts(t *testing.T, sshd ...string) *threeHosts {
	t.Helper()
	if err := netlab.Available(); err != nil {
		daemons.Missing(t, "three hosts: %v", err)
	}
	h := &threeHosts{client: newHost(t, "client"), gate: newHost(t, "gate"), server: newHost(t, "server")}
	password := []string{"no_anon_password=NO"}
	for _, err := range []error{
		netlab.Wire(h.client, h.gate, netip.MustParsePrefix("10.77.1.0/30")),
		netlab.Wire(h.gate, h.server, netip.MustParsePrefix("10.77.2.0/30")),
		netlab.Wire(h.gate, h.server, netip.MustParsePrefix("fd77::/64")),
		h.gate.Do(func() error {
			h.ssh = daemons.SSHD(t, daemons.SSHOptions{Host: gateAddr, Extra: sshd})
			return nil
		}),
		h.server.Do(func() error {
			h.ftp = daemons.VSFTPD(t, daemons.FTPOptions{Host: serverAddr, Extra: password})
			h.ftp6 = daemons.VSFTPD(t, daemons.FTPOptions{Host: serverIPv6, IPv6: true, Extra: password})
			return nil
		}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	h.config = daemons.SSHConfig(t, daemons.Alias{Name: "gate", Server: h.ssh})
	h.content = make([]byte, 300_000)
	rand.Read(h.content) // never fails
	for _, ftp := range []*daemons.FTPServer{h.ftp, h.ftp6} {
		if err := os.WriteFile(filepath.Join(ftp.Root, "file"), h.content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func newHost(t *testing.T, name string) *netlab.Host {
	t.Helper()
	h, err := netlab.NewHost(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// tunnel runs ftptunnel on the client's host towards an FTP server and
// returns where it listens.
func (h *threeHosts) tunnel(t *testing.T, server *daemons.FTPServer, args ...string) clients.Site {
	t.Helper()
	args = append(args, "-v", "--batch", "-F", h.config, "--listen", "127.0.0.1:0", "gate", server.Addr)
	cmd := exec.Command("ftptunnel", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = h.client.Do(cmd.Start)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("ftptunnel printed:\n%s", stderr.String())
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	at, errAddr := netip.ParseAddrPort(strings.TrimPrefix(strings.TrimSpace(line), "ftp://"))
	if err := errors.Join(err, errAddr); err != nil {
		t.Fatalf("ftptunnel is not ready: it printed %q: %v", line, err)
	}
	return clients.Site{Host: at.Addr().String(), Port: int(at.Port()), User: h.ftp.User, Password: h.ftp.Password}
}

// get downloads the file with a real client on the client's host. A client
// that hangs fails the test, one that fails is the error.
func (h *threeHosts) get(t *testing.T, client clients.Client, mode clients.Mode, site clients.Site) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	local := filepath.Join(t.TempDir(), "file")
	var out []byte
	err := h.client.Do(func() (err error) {
		out, err = clients.Run(ctx, t, client, client.Get(site, mode, "/file", local))
		return err
	})
	if ctx.Err() != nil {
		t.Errorf("it hangs; it printed:\n%s", out)
	}
	if content, _ := os.ReadFile(local); !bytes.Equal(content, h.content) {
		return fmt.Errorf("%d of %d bytes arrived (%v); it printed:\n%s", len(content), len(h.content), err, out)
	}
	return nil
}

// reply downloads the file by our own client and returns the reply that ended
// it, as an error if it was not the whole file.
func (h *threeHosts) reply(t *testing.T, mode clients.Mode, site clients.Site) error {
	t.Helper()
	return h.client.Do(func() error {
		c, err := dialFTP(context.Background(), net.JoinHostPort(site.Host, strconv.Itoa(site.Port)))
		if err != nil {
			return err
		}
		defer c.close()
		content, err := c.download(string(mode), "RETR file")
		if err == nil && !bytes.Equal(content, h.content) {
			t.Errorf("a complete transfer of %d bytes", len(content))
		}
		return err
	})
}
