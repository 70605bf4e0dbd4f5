//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"
)

// forwardAttacks come from a user of the SSH server's host, who can connect to
// the remote forwards there.
var forwardAttacks = []attack{
	{"remote forward: a local user comes first", "shared SSH host, the stated limit", (*assault).first},
	{"remote forward: flooded during a transfer", "shared SSH host", (*assault).flooded},
	{"remote forward: flooded without an expectation", "golang/go#77035", (*assault).idleFlood},
	{"remote forward: open to the network", "GatewayPorts yes", (*assault).exposed},
	{"remote forward: a stranger from outside", "GatewayPorts yes, accepted", (*assault).outside},
}

// forwardPort is the port that the FTP server was last told of, that is one of
// the SSH server's host.
func (a *assault) forwardPort() (string, error) {
	commands := a.commands()
	for i := len(commands) - 1; i >= 0; i-- {
		arg, ok := strings.CutPrefix(commands[i], "PORT ")
		if !ok {
			continue
		}
		return passiveAddress(nil, "("+arg+")")
	}
	return "", fmt.Errorf("the FTP server was told of no port")
}

// mirror has the FTP server told of every PORT. On a machine that is so busy
// that the SSH server seems far, it would listen instead.
func (a *assault) mirror() {
	a.run.end()
	a.run = start(a.t, false, a.args("-vv", "--server-mode", "client")...)
}

// first connects before the FTP server does. The client may lose that transfer,
// for nobody can tell the two apart; it must not take the thief's bytes for the
// file, nor the thief get a byte of it.
func (a *assault) first() error {
	a.mirror()
	w, err := a.enter()
	if err != nil {
		return err
	}
	end, err := w.announce("PORT")
	if err != nil {
		return err
	}
	defer end.close()
	port, err := a.forwardPort()
	if err != nil {
		return err
	}
	thief, err := net.DialTimeout("tcp", port, testTimeout)
	if err != nil {
		return err
	}
	defer thief.Close()
	_, _ = thief.Write([]byte("forged"))
	taken := make(chan int64, 1)
	go func() {
		_ = thief.SetDeadline(time.Now().Add(testTimeout))
		n, _ := io.Copy(io.Discard, thief)
		taken <- n
	}()
	w.say("RETR " + nextFile)
	line, err := w.reply()
	if err == nil && strings.HasPrefix(line, "1") {
		line, err = w.reply()
	}
	if err != nil || !strings.HasPrefix(line, "42") {
		return fmt.Errorf("the client was told %q: %v", line, err)
	}
	if n := <-taken; n > 0 {
		return fmt.Errorf("the thief got %d bytes", n)
	}
	if err := a.well(w); err != nil {
		return err
	}
	if again, err := a.forwardPort(); err != nil || again == port {
		return fmt.Errorf("port %s was used again: %v", again, err)
	}
	return nil
}

// flood makes many connections at once and is an error if one brings anything.
func flood(addr string, times int) error {
	errs := make([]error, times)
	var wg sync.WaitGroup
	for i := range times {
		wg.Go(func() {
			c, err := net.DialTimeout("tcp", addr, testTimeout)
			if err != nil {
				return
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(testTimeout))
			n, err := io.Copy(io.Discard, c)
			if n > 0 || ending(err) == endHang {
				errs[i] = fmt.Errorf("a connection of the flood got %d bytes, %w", n, err)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// flooded has many arrive while a transfer runs. It may be cut, for nobody can
// tell who is who; then the client is told.
func (a *assault) flooded() error {
	a.mirror()
	w, err := a.enter()
	if err != nil {
		return err
	}
	a.ftp.SetFaults(testenv.Faults{Rate: bigRate})
	data, done, err := w.begin("PORT", "RETR "+bigFile)
	if err != nil {
		return err
	}
	defer done()
	port, err := a.forwardPort()
	if err != nil {
		return err
	}
	s, err := w.receive(data, strike{at: bigBytes / 10, do: func() error { return flood(port, 200) }})
	if err != nil {
		return err
	}
	whole := s.sha256 == a.tree.SHA256(bigFile)
	if whole != strings.HasPrefix(s.reply, "226") || !whole && !strings.HasPrefix(s.reply, "42") {
		return fmt.Errorf("%v: %q after %d bytes", s, s.reply, s.bytes)
	}
	return a.well(w)
}

// idleFlood floods a port that is kept for the next transfer.
func (a *assault) idleFlood() error {
	a.mirror()
	w, err := a.enter()
	if err != nil {
		return err
	}
	if err := a.well(w); err != nil {
		return err
	}
	if err := answered(w, "PASV", "227"); err != nil { // ends what PORT has announced
		return err
	}
	port, err := a.forwardPort()
	if err != nil {
		return err
	}
	logins := a.ssh.Counts().Logins
	if err := flood(port, 300); err != nil {
		return err
	}
	if err := a.well(w); err != nil {
		return err
	}
	if n := a.ssh.Counts().Logins; n != logins {
		return fmt.Errorf("the SSH connection was lost: %d logins, were %d", n, logins)
	}
	return nil
}

// exposes starts another tunnel, to an SSH server that binds every remote
// forward to every interface.
func (a *assault) exposes(options ...string) (*witness, error) {
	addr := a.ssh.Addr()
	a.run.end()
	a.ssh.Close()
	a.gateway = "yes"
	a.startSSH(addr)
	a.run = start(a.t, false, a.args(append(options, "-vv")...)...)
	return a.enter()
}

// exposed wants a warning, once, and transfers without a remote forward: the FTP
// server is told of no port that others could reach.
func (a *assault) exposed() error {
	w, err := a.exposes()
	if err != nil {
		return err
	}
	for range 2 {
		if err := a.well(w); err != nil {
			return err
		}
	}
	if err := a.unseen("PORT", "EPRT"); err != nil {
		return err
	}
	told := a.run.log.all("ssh_exposed")
	if len(told) != 1 || told[0].Level != "warning" || !strings.Contains(told[0].Message, "GatewayPorts") {
		return fmt.Errorf("warned of it: %+v", told)
	}
	return nil
}

// outside connects to such a forward, where its user accepts that, from an
// address that is not loopback.
func (a *assault) outside() error {
	host := outerAddress()
	if host == "" {
		daemons.Missing(a.t, "this machine has loopback addresses only")
	}
	w, err := a.exposes("--server-mode", "active")
	if err != nil {
		return err
	}
	end, err := w.announce("PORT")
	if err != nil {
		return err
	}
	defer end.close()
	port, err := a.forwardPort()
	if err != nil {
		return err
	}
	_, number, _ := net.SplitHostPort(port)
	if err := flood(net.JoinHostPort(host, number), 20); err != nil {
		return err
	}
	if _, err := a.run.log.await("refused", nil); err != nil {
		return err
	}
	w.say("RETR " + nextFile)
	if err := w.expect("150"); err != nil {
		return err
	}
	data, err := end.open()
	if err != nil {
		return err
	}
	s, err := w.receive(data.(*net.TCPConn), strike{})
	if err == nil && s.sha256 != a.tree.SHA256(nextFile) {
		err = fmt.Errorf("%v %q", s, s.reply)
	}
	return err
}

// outerAddress is an IPv4 address of this machine that is not loopback, if it
// has one.
func outerAddress() string {
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() {
			return n.IP.String()
		}
	}
	return ""
}
