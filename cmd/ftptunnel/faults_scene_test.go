//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Files of a scene. What a fault strikes takes about seven seconds, so that it
// is far from its end when a third of it has gone.
const (
	bigFile   = "big.bin"
	bigBytes  = 1_000_000
	bigRate   = 150_000
	longDir   = "many"
	longNames = 3000
	longRate  = 60_000
	nextFile  = "next.bin"
	nextBytes = 30_000
)

// scene is an SSH server that is reached by a link, and an FTP server beside
// it. Both can be replaced by others of the same address and keys.
type scene struct {
	t    testing.TB
	dir  string
	host ssh.Signer
	key  ssh.Signer
	link *testenv.DelayLine
	ssh  *testenv.SSHServer
	ftp  *testenv.FTPServer
	tree *testenv.Tree

	gateway string // sshd_config's GatewayPorts, for the next SSH server
}

// newScene starts the servers.
func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{t: t, dir: t.TempDir(), tree: new(testenv.Tree)}
	s.tree.PutSynthetic(bigFile, bigBytes, 1)
	s.tree.PutSynthetic(nextFile, nextBytes, 2)
	for i := range longNames {
		s.tree.Put(fmt.Sprintf("%s/file-%05d.txt", longDir, i), nil)
	}
	s.tree.Mkdir("up")
	var pem []byte
	s.host, _ = s.newKey()
	s.key, pem = s.newKey()
	s.startSSH(freePlace(t))
	t.Cleanup(func() { s.ssh.Thaw(); s.ssh.Close() })
	s.startFTP(freePlace(t))
	t.Cleanup(func() { s.ftp.Close() })
	var err error
	if s.link, err = testenv.NewDelayLine(s.ssh.Addr(), 0, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.ssh.Thaw(); s.link.Close() })
	known := knownhosts.Line([]string{s.link.Addr()}, s.host.PublicKey()) + "\n"
	for name, content := range map[string][]byte{"key": pem, "known_hosts": []byte(known)} {
		if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// freePlace is where a server can be started, and another one in its place.
func freePlace(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(daemons.FreePort(t, "127.0.0.1")))
}

func (s *scene) newKey() (ssh.Signer, []byte) {
	s.t.Helper()
	signer, pem, err := testenv.NewSSHKey("")
	if err != nil {
		s.t.Fatal(err)
	}
	return signer, pem
}

// startSSH starts the SSH server, or another one in its place.
func (s *scene) startSSH(addr string) {
	s.t.Helper()
	server, err := testenv.NewSSHServer(testenv.SSHOptions{
		Addr: addr, GatewayPorts: s.gateway, HostKeys: []ssh.Signer{s.host}, Auth: testenv.SSHAuth{Keys: []ssh.PublicKey{s.key.PublicKey()}},
	})
	if err != nil {
		s.t.Fatal(err) // and the one before is there to be closed
	}
	s.ssh = server
}

// startFTP starts the FTP server, or another one in its place.
func (s *scene) startFTP(addr string) {
	s.t.Helper()
	server, err := testenv.NewFTPServer(testenv.FTPOptions{Addr: addr, Tree: s.tree})
	if err != nil {
		s.t.Fatal(err)
	}
	s.ftp = server
}

// args are the program's arguments for the scene, after the options given.
func (s *scene) args(options ...string) []string {
	args := append([]string{
		"-F", "none", "-l", "tester", "-p", strconv.Itoa(s.link.Port()),
		"-i", filepath.Join(s.dir, "key"),
		"-o", "UserKnownHostsFile=" + filepath.Join(s.dir, "known_hosts"),
		"-o", "GlobalKnownHostsFile=none", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
		"--listen", "127.0.0.1:0",
	}, keepalive...)
	args = append(args, options...)
	return append(args, "127.0.0.1", s.ftp.Addr())
}

// until bounds a wait for what the servers count.
func until(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	t.Cleanup(cancel)
	return ctx
}

// gone waits until no client is left at the FTP server.
func (s *scene) gone() error {
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	defer cancel() // and not with the test, which may ask many times
	err := s.ftp.Await(ctx, func(c testenv.FTPCounts) bool { return c.Open == 0 })
	if err != nil {
		err = fmt.Errorf("the FTP server still serves %d sessions", s.ftp.Counts().Open)
	}
	return err
}

// big returns the content of bigFile.
func (s *scene) big() *bytes.Reader {
	return bytes.NewReader(synthetic(bigBytes))
}

// synthetic returns bytes that are not all alike.
func synthetic(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}
