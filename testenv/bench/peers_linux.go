package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// The peers, by the names in the tables.
const (
	direct    = "direct FTP"
	ftptunnel = "ftptunnel"
	prefetch  = "ftptunnel --prefetch"
	plain     = "ftptunnel, windows of 2 MiB"
	sshL      = "ssh -L"
	sshD      = "ssh -D"
)

// Where the programs under test listen: addresses of their own, so that they
// can share a host with the servers.
const (
	tunnelHost = "127.0.0.2"
	staticHost = "127.0.0.3"
	socksAddr  = "127.0.0.4:1080"
	staticPort = "2121"
)

// peer is one way to the FTP server.
type peer struct {
	name  string
	at    string // host:port that an FTP client connects to
	socks string // through this SOCKS server, if any
	proc  *process
	turn  turn
}

// turn is what a client waits for if only one at a time can use a peer, as it
// is with a fixed passive port.
type turn struct {
	single bool
	sync.Mutex
}

func (t *turn) Lock() {
	if t.single {
		t.Mutex.Lock()
	}
}

func (t *turn) Unlock() {
	if t.single {
		t.Mutex.Unlock()
	}
}

// target is the FTP server as the SSH server reaches it.
func (s *scene) target() string { return net.JoinHostPort("127.0.0.1", fmt.Sprint(s.ftp.Port)) }

// peer starts a peer. It runs until stop.
func (s *scene) peer(name string) (*peer, error) {
	switch name {
	case direct:
		return &peer{name: name, at: net.JoinHostPort(s.addr, fmt.Sprint(s.ftp.Port))}, nil
	case ftptunnel:
		return s.tunnel("near", s.target())
	case prefetch:
		p, err := s.tunnel("near", s.target(), "--prefetch")
		if err == nil {
			p.name = name
		}
		return p, err
	case sshL:
		at := net.JoinHostPort(staticHost, staticPort)
		return s.ssh(&peer{name: name, at: at, turn: turn{single: true}}, "near", at,
			"-L", fmt.Sprintf("%s:127.0.0.1:%d", at, s.fixed.Port),
			"-L", fmt.Sprintf("%s:%d:127.0.0.1:%d", staticHost, fixedPort, fixedPort))
	case sshD:
		return s.socks("near")
	}
	return nil, fmt.Errorf("no peer %q", name)
}

// socks starts ssh as a SOCKS server.
func (s *scene) socks(destination string) (*peer, error) {
	return s.ssh(&peer{name: sshD, at: s.target(), socks: socksAddr}, destination, socksAddr, "-D", socksAddr)
}

func (p *peer) stop() {
	if p.proc != nil {
		p.proc.stop()
	}
}

// tunnel starts ftptunnel and returns when it is ready.
func (s *scene) tunnel(destination, target string, options ...string) (*peer, error) {
	return s.tunnelBy(s.program, destination, target, options...)
}

func (s *scene) tunnelBy(program, destination, target string, options ...string) (*peer, error) {
	args := append(options, "--batch", "-F", s.config, "--listen", tunnelHost+":0", destination, target)
	cmd := command(s.ctx, program, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	proc, err := startOn(s.client, cmd)
	if err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	at, errAddr := netip.ParseAddrPort(strings.TrimPrefix(strings.TrimSpace(line), "ftp://"))
	if err != nil || errAddr != nil {
		proc.stop()
		return nil, fmt.Errorf("ftptunnel is not ready: %s", proc.stderr.String())
	}
	return &peer{name: ftptunnel, at: at.String(), proc: proc}, nil
}

// ssh starts ssh and returns when it listens at addr.
func (s *scene) ssh(p *peer, destination, addr string, args ...string) (*peer, error) {
	args = append([]string{"-N", "-F", s.config, "-o", "ExitOnForwardFailure=yes"}, append(args, destination)...)
	var err error
	if p.proc, err = startOn(s.client, command(s.ctx, "ssh", args...)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	if err := s.await(ctx, addr); err != nil {
		p.stop()
		return nil, fmt.Errorf("ssh: %w: %s", err, p.proc.stderr.String())
	}
	return p, nil
}

// await returns when somebody listens at addr on the client's host.
func (s *scene) await(ctx context.Context, addr string) error {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		err := s.client.Do(func() error {
			conn, err := net.DialTimeout("tcp", addr, time.Second)
			if err == nil {
				conn.Close()
			}
			return err
		})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

// login is how long ssh takes to run a command that does nothing.
func (s *scene) login() (time.Duration, error) {
	var out []byte
	start := time.Now()
	err := s.client.Do(func() (err error) {
		out, err = exec.CommandContext(s.ctx, "ssh", "-F", s.config, "near", "true").CombinedOutput()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("ssh: %w: %s", err, out)
	}
	return time.Since(start), nil
}
