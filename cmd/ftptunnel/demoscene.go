package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"ftptunnel/testenv"
	"ftptunnel/tunnel"
)

// demoAddress is what the demonstration's FTP server takes for its address, as
// one behind a NAT does: nobody can connect there (RFC 5737).
const demoAddress = "192.0.2.7"

// demo is the stage of the demonstration.
type demo struct {
	*program
	ssh     *testenv.SSHServer
	ftp     *testenv.FTPServer
	dir     string // holds the key and the known_hosts file
	up      *up
	content []byte

	mu        sync.Mutex           // guards rewritten
	rewritten map[string]rewriting // the latest of each mode
}

// rewriting is a line as it came and as it went on.
type rewriting struct{ before, after string }

// openDemo starts the servers and the tunnel between them.
func (p *program) openDemo(ctx context.Context, sigs <-chan os.Signal) (*demo, error) {
	d := &demo{program: p, content: make([]byte, demoBytes), rewritten: map[string]rewriting{}}
	rand.Read(d.content)
	if err := d.startServers(); err != nil {
		d.close()
		return nil, err
	}
	p.useDemo(d)
	var err error
	if d.up, err = p.setUp(ctx, sigs); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// startServers starts the SSH server and the FTP server, and writes the files
// that connecting takes.
func (d *demo) startServers() error {
	var err error
	if d.dir, err = os.MkdirTemp("", "ftptunnel-demo-"); err != nil {
		return err
	}
	if d.ssh, err = testenv.NewSSHServer(testenv.SSHOptions{}); err != nil {
		return err
	}
	d.ftp, err = testenv.NewFTPServer(testenv.FTPOptions{
		Faults: testenv.Faults{Masquerade: netip.MustParseAddr(demoAddress)},
	})
	if err != nil {
		return err
	}
	d.ftp.Tree().Put(demoFile, bytes.Clone(d.content))
	d.ftp.Tree().Put("README.txt", []byte("This file came through an SSH connection.\n"))
	if err := os.WriteFile(filepath.Join(d.dir, "key"), d.ssh.ClientKeyPEM(), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.dir, "known_hosts"), []byte(d.ssh.KnownHosts()), 0o600)
}

// close ends what was started, in reverse.
func (d *demo) close() {
	if d.up != nil {
		d.up.close()
	}
	if d.ftp != nil {
		d.ftp.Close()
	}
	if d.ssh != nil {
		d.ssh.Close()
	}
	if d.dir != "" {
		os.RemoveAll(d.dir)
	}
}

// useDemo makes the command line one for the demonstration's servers, apart
// from the user's own configuration.
func (p *program) useDemo(d *demo) {
	f := forward{bind: "127.0.0.1"}
	_ = f.parseTarget(d.ftp.Addr())
	p.forwards = []forward{f}
	p.destination, p.login, p.port = "127.0.0.1", "demo", d.ssh.Port()
	p.config, p.batch = "none", true
	p.identity = []string{filepath.Join(d.dir, "key")}
	p.set = []string{
		"UserKnownHostsFile=" + filepath.Join(d.dir, "known_hosts"),
		"GlobalKnownHostsFile=none", "IdentitiesOnly=yes", "IdentityAgent=none",
	}
	p.observe = d.remember
}

// demoLines are the lines that are rewritten, by mode.
var demoLines = map[string]string{"PASV": "227 ", "EPSV": "229 ", "PORT": "PORT ", "EPRT": "EPRT "}

// remember keeps the lines that name an address.
func (d *demo) remember(e tunnel.Event) {
	line, ok := e.(tunnel.Dialogue)
	if !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for mode, start := range demoLines {
		r := d.rewritten[mode]
		if strings.HasPrefix(line.Before, start) {
			r.before = line.Before
		}
		if strings.HasPrefix(line.After, start) {
			r.after = line.After
		}
		d.rewritten[mode] = r
	}
}

// tellRewriting shows the latest line of the mode before and after.
func (d *demo) tellRewriting(mode string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.rewritten[mode]
	before, after := "the server says", "the client gets"
	if mode == "PORT" || mode == "EPRT" {
		before, after = "the client says", "the server gets"
	}
	fmt.Fprintf(d.result, "%s  %s  %s\n      %s  %s\n", mode, before, r.before, after, r.after)
}

// wrap runs the user's command against the demonstration's servers.
func (d *demo) wrap(ctx context.Context, sigs <-chan os.Signal) int {
	path, err := findCommand(d.command[0])
	if err != nil {
		return d.commandFailed(err)
	}
	return d.program.wrap(ctx, d.up, path, sigs)
}
