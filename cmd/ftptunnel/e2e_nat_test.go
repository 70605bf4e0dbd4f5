//go:build unix

package main_test

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// natServers name an address in their 227 that leads nowhere, as behind a
// router that translates addresses.
var natServers = []struct {
	name  string
	start func(testing.TB, daemons.FTPOptions) *daemons.FTPServer
	extra []string
}{
	{"vsftpd", daemons.VSFTPD, []string{"pasv_address=192.0.2.7"}},
	{"proftpd", daemons.ProFTPD, []string{"MasqueradeAddress 192.0.2.7"}},
	{"pure-ftpd", daemons.PureFTPD, []string{"-P", "192.0.2.7"}},
	{"pyftpdlib", daemons.Pyftpdlib, []string{`masquerade_address="192.0.2.7"`}},
}

// The address in a 227 may be a router's: data is dialled where the control
// connection leads.
func TestServersBehindNAT(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, server := range natServers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			ftp := server.start(t, daemons.FTPOptions{Extra: server.extra})
			clients.Populate(t, ftp)
			p := startProgram(t, path, leg{ssh: "sshd", serverMode: "passive"}.arguments(t, ftp, "-v")...)
			for _, client := range []clients.Client{clients.Wget{}, clients.TNFTP{}} {
				if err := exercise(t, clients.Cell{Client: client, Mode: clients.PASV, Site: p.site(t, ftp), Server: ftp}); err != nil {
					t.Error(client.Name(), err)
				}
			}
			for _, want := range []string{`"192.0.2.7"`, "--data-host reply"} {
				p.tells(t, want, 1)
			}
		})
	}
}

// --data-host reply dials the address in a 227: here the control connection
// goes through a relay on another host that carries nothing else.
func TestDataHostReply(t *testing.T) {
	path := buildProgram(t, withRace)
	ftp := daemons.VSFTPD(t, daemons.FTPOptions{Extra: []string{"pasv_address=127.0.0.1"}})
	clients.Populate(t, ftp)
	behind := *ftp
	behind.Addr = relayAt(t, "127.0.0.2:0", ftp.Addr)
	for dataHost, works := range map[string]bool{"control": false, "reply": true} {
		t.Run(dataHost, func(t *testing.T) {
			p := startProgram(t, path, leg{ssh: "sshd", serverMode: "passive"}.arguments(t, &behind, "--data-host", dataHost)...)
			cell := clients.Cell{Client: clients.Wget{}, Mode: clients.PASV, Site: p.site(t, ftp), Server: ftp}
			err := exercise(t, cell)
			if works && err != nil {
				t.Error(err)
			}
			if !works && err == nil {
				t.Error("the relay carries the control connection alone, and the file has arrived")
			}
			if !works {
				p.tells(t, "--data-host reply obeys", 1)
			}
		})
	}
}

// relayAt passes connections on from one address to another.
func relayAt(t *testing.T, at, to string) string {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Skipf("no second loopback address: %v", err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				if err := relay(from, to); err != nil {
					t.Error(err)
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return l.Addr().String()
}

// relay carries one connection, until either end closes it.
func relay(from net.Conn, to string) error {
	defer from.Close()
	conn, err := net.Dial("tcp", to)
	if err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	defer conn.Close()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(conn, from); conn.Close() })
	both.Go(func() { _, _ = io.Copy(from, conn); from.Close() })
	both.Wait()
	return nil
}
