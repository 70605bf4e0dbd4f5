package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/netlab"
)

// loopback is the link that is none: client and server share a host.
const loopback = "loopback"

// fixedPort is the one passive port of the FTP server that ssh -L is for.
const fixedPort = 9999

// scene is one link with its two hosts and what runs on the server's.
type scene struct {
	*lab

	link           string
	rtt            time.Duration
	client, server *netlab.Host
	addr           string // the server, as the client sees it

	sshd   *daemons.SSHServer
	ftp    *daemons.FTPServer
	fixed  *daemons.FTPServer // the same files, with one passive port
	config string             // an ssh_config with the Hosts near and behind
	local  string             // the client's files
}

// newScene sets a link up. It lasts until endScene.
func (l *lab) newScene(link string) *scene {
	s := &scene{lab: l, link: link, addr: "127.0.0.1"}
	s.server = l.host("server")
	s.client = s.server
	if link != loopback {
		var err error
		s.rtt, err = time.ParseDuration(link)
		l.check(err)
		s.client = l.host("client")
		line, err := netlab.NewLink(s.client, s.server, netip.MustParsePrefix("10.77.0.0/30"), s.rtt)
		l.check(err)
		l.Cleanup(func() { line.Close() })
		s.addr = "10.77.0.2"
	}
	l.check(s.server.Do(s.start))
	s.local = daemons.Folder(l)
	s.fill()
	return s
}

func (l *lab) host(name string) *netlab.Host {
	h, err := netlab.NewHost(name)
	l.check(err)
	l.Cleanup(func() { h.Close() })
	return h
}

// start starts the servers.
func (s *scene) start() error {
	s.sshd = daemons.SSHD(s, daemons.SSHOptions{
		Host: s.addr,
		// A shell that sshd starts reads the user's .bashrc, which may be long.
		Extra: []string{"SetEnv HOME=/nonexistent"},
	})
	// The FTP servers listen everywhere: on loopback for what comes by SSH.
	everywhere := []string{"listen_address=0.0.0.0"}
	s.ftp = daemons.VSFTPD(s, daemons.FTPOptions{Extra: everywhere})
	s.fixed = daemons.VSFTPD(s, daemons.FTPOptions{Extra: append(everywhere,
		"anon_root="+s.ftp.Root, fmt.Sprint("pasv_min_port=", fixedPort), fmt.Sprint("pasv_max_port=", fixedPort))})
	// The same cipher for everyone.
	cipher := "Ciphers aes128-gcm@openssh.com"
	s.config = daemons.SSHConfig(s,
		daemons.Alias{Name: "near", Server: s.sshd, Extra: []string{cipher}},
		daemons.Alias{Name: "behind", Server: s.sshd, Extra: []string{cipher, "ProxyJump near"}})
	return nil
}

// The files, in the server's root and in the client's folder.
const (
	bigFile     = "big"
	partFile    = "part"
	severalFile = "several"
	smallDir    = "small" // the server's only
	mib         = 1 << 20
)

// fill makes the files, of random bytes.
func (s *scene) fill() {
	big := s.options.long
	if s.link == loopback {
		big = s.options.bulk
	}
	sizes := map[string]int64{bigFile: big, partFile: s.partSize(), severalFile: s.options.several}
	for name, size := range sizes {
		for _, dir := range []string{s.ftp.Root, s.local} {
			s.check(randomFile(filepath.Join(dir, name), size*mib))
		}
	}
	dir := filepath.Join(s.ftp.Root, smallDir)
	s.check(os.Mkdir(dir, 0o755))
	for i := range s.options.files {
		s.check(randomFile(filepath.Join(dir, smallName(i)), 1024))
	}
}

// partSize is what those peers move over a link, in MiB, whose window holds
// them back: enough that the round trips at either end of a transfer matter little.
func (s *scene) partSize() int64 {
	if s.rtt > 50*time.Millisecond {
		return s.options.long / 8
	}
	return s.options.long / 2
}

func smallName(i int) string { return fmt.Sprintf("f%04d", i) }

// randomFile writes random bytes, which repeat after a MiB.
func randomFile(name string, size int64) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, min(size, mib))
	_, _ = rand.NewChaCha8([32]byte{1}).Read(block) // never fails
	for written := int64(0); written < size; written += int64(len(block)) {
		if _, err := f.Write(block[:min(int64(len(block)), size-written)]); err != nil {
			return err
		}
	}
	return f.Close()
}
