//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"
)

// theftAttacks want the data connection of another.
var theftAttacks = []attack{
	{"data port taken by another IP", "CVE-1999-0351", (*assault).otherAddress},
	{"data port taken by another user", "CVE-1999-0351", (*assault).otherUser},
	{"control port used by another user", "command mode", (*assault).otherUsersControl},
	{"data port used twice", "one-shot listeners", (*assault).twice},
	{"data ports announced and not used", "CVE-1999-0351", (*assault).staleListeners},
	{"passive port that serves an address once", "ftpserverlib's PassiveTransferPortMultiplexing", (*assault).sharedPort},
}

// otherAddress comes first, from another loopback address.
func (a *assault) otherAddress() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	for _, mode := range []string{"PASV", "EPSV"} {
		line, err := w.ask(mode)
		if err != nil {
			return err
		}
		addr, err := passiveAddress(w.conn.RemoteAddr(), line)
		if err != nil {
			return err
		}
		thief := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, Timeout: testTimeout}
		for range 3 {
			if err := robbed(thief.Dial("tcp", addr)); err != nil {
				return err
			}
		}
		if err := a.transferAt(w, addr); err != nil {
			return fmt.Errorf("%s, after the thief: %w", mode, err)
		}
	}
	if _, err := a.run.log.await("refused", nil); err != nil {
		return err
	}
	return a.well(w)
}

// robbed is an error if a connection brought its maker anything.
func robbed(c net.Conn, err error) error {
	if err != nil {
		return nil // refused
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(testTimeout))
	_, _ = c.Write([]byte("stolen"))
	n, err := io.Copy(io.Discard, c)
	if n > 0 || ending(err) != endRST {
		return fmt.Errorf("the thief got %d bytes and %v", n, err)
	}
	return nil
}

// transferAt is the honest client's transfer through an announced address.
func (a *assault) transferAt(w *witness, addr string) error {
	c, err := net.DialTimeout("tcp", addr, testTimeout)
	if err != nil {
		return err
	}
	_ = c.SetDeadline(time.Now().Add(testTimeout))
	w.limit(testTimeout)
	w.say("RETR " + nextFile)
	if err := w.expect("150"); err != nil {
		return err
	}
	s, err := w.receive(c.(*net.TCPConn), strike{})
	if err == nil && (s.sha256 != a.tree.SHA256(nextFile) || !strings.HasPrefix(s.reply, "226")) {
		err = fmt.Errorf("%v %q", s, s.reply)
	}
	return err
}

// thief is portThief, run as nobody.
type thief struct {
	in  io.WriteCloser
	out *bufio.Reader
}

// asNobody makes a copy of this program that nobody can execute, and a command
// that runs it so.
func (a *assault) asNobody(name string) *exec.Cmd {
	if os.Geteuid() != 0 {
		daemons.Missing(a.t, "acting as another user needs root")
	}
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		a.t.Fatal(err)
	}
	copied := filepath.Join(daemons.Folder(a.t), name)
	if err := os.WriteFile(copied, program, 0o755); err != nil {
		a.t.Fatal(err)
	}
	c := exec.Command(copied)
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}, Pdeathsig: syscall.SIGKILL}
	return c
}

func (a *assault) newThief() *thief {
	c := a.asNobody("portthief")
	in, err := c.StdinPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() {
		in.Close()
		_ = c.Wait()
	})
	return &thief{in, bufio.NewReader(out)}
}

// at has the thief begin. What it got is told by took.
func (f *thief) at(addr string) error {
	_, err := fmt.Fprintln(f.in, addr)
	return err
}

func (f *thief) took() (int, error) {
	line, err := f.out.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line))
}

// otherUser races the client to each of many data listeners: it knows the port
// as soon as the client does. Every other time it is sure to come first.
func (a *assault) otherUser() error {
	listeners := 50
	if fullForm("ATTACKS") {
		listeners = 1000
	}
	robber := a.newThief()
	w, err := a.enter()
	if err != nil {
		return err
	}
	for i := range listeners {
		line, err := w.ask([]string{"PASV", "EPSV"}[i%2])
		if err != nil {
			return err
		}
		addr, err := passiveAddress(w.conn.RemoteAddr(), line)
		if err != nil {
			return err
		}
		if err := robber.at(addr); err != nil {
			return err
		}
		if i%4 < 2 {
			got, err := robber.took()
			if err != nil || got > 0 {
				return fmt.Errorf("listener %d: the thief got %d: %v", i, got, err)
			}
		}
		if err := a.transferAt(w, addr); err != nil {
			return fmt.Errorf("listener %d: %w", i, err)
		}
		if i%4 >= 2 {
			got, err := robber.took()
			if err != nil || got > 0 {
				return fmt.Errorf("listener %d: the racing thief got %d: %v", i, got, err)
			}
		}
	}
	return nil
}

// otherUsersControl connects to the control port of a wrapped command.
func (a *assault) otherUsersControl() error {
	run := start(a.t, true, a.args()...)
	robber := a.newThief()
	if err := robber.at(run.addr); err != nil {
		return err
	}
	if got, err := robber.took(); err != nil || got > 0 {
		return fmt.Errorf("another user got %d bytes: %v", got, err)
	}
	w, err := enter(run.addr)
	if err != nil {
		return err
	}
	defer w.conn.Close()
	if err := a.well(w); err != nil {
		return err
	}
	if code := run.end(); code != exitOK {
		return fmt.Errorf("exit code %d", code)
	}
	return nil
}

// apart starts another tunnel, at an address that no other test uses, and a
// client: whoever connects to ports there that were closed meets nobody else.
func (a *assault) apart() (*witness, error) {
	a.run = start(a.t, false, a.args("-vv", "--listen", "127.0.7.21:0")...)
	return a.enter()
}

// twice connects to a data port that has served its one connection.
func (a *assault) twice() error {
	w, err := a.apart()
	if err != nil {
		return err
	}
	line, err := w.ask("PASV")
	if err != nil {
		return err
	}
	addr, err := passiveAddress(w.conn.RemoteAddr(), line)
	if err != nil {
		return err
	}
	first, err := net.DialTimeout("tcp", addr, testTimeout)
	if err != nil {
		return err
	}
	defer first.Close()
	if !eventually(func() bool { return !open(addr) }) {
		return fmt.Errorf("%s is still open after its one connection", addr)
	}
	return nil
}

// open tells whether somebody serves an address. A connection that is reset at
// once is no service.
func open(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, testTimeout)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// staleListeners asks for many data connections and uses none: what was
// announced before the last is closed.
func (a *assault) staleListeners() error {
	w, err := a.apart()
	if err != nil {
		return err
	}
	var addrs []string
	for i := range 100 {
		line, err := w.ask([]string{"PASV", "EPSV"}[i%2])
		if err != nil {
			return err
		}
		addr, err := passiveAddress(w.conn.RemoteAddr(), line)
		if err != nil {
			return err
		}
		addrs = append(addrs, addr)
	}
	latest := addrs[len(addrs)-1]
	for _, addr := range addrs {
		if addr != latest && !eventually(func() bool { return !open(addr) }) {
			return fmt.Errorf("%s is open although another was announced", addr)
		}
	}
	if err := a.transferAt(w, latest); err != nil {
		return err
	}
	return a.well(w)
}

// sharedPort has two sessions at a server with one passive port, which it gives
// to one client of an address at a time: all of ours have the SSH server's. The
// second is told 425, the first gets what it asked for, and then the second.
func (a *assault) sharedPort() error {
	addr := a.ftp.Addr()
	a.ftp.Close()
	port := daemons.FreePort(a.t, "127.0.0.1")
	var err error
	if a.ftp, err = testenv.NewFTPServer(testenv.FTPOptions{Addr: addr, Tree: a.tree, PassivePorts: [2]int{port, port}}); err != nil {
		return err
	}
	first, err := a.enter()
	if err != nil {
		return err
	}
	second, err := a.enter()
	if err != nil {
		return err
	}
	for _, verb := range []string{"PASV", "EPSV"} {
		line, err := first.ask(verb)
		if err != nil {
			return err
		}
		at, err := passiveAddress(first.conn.RemoteAddr(), line)
		if err != nil {
			return err
		}
		a.ftp.SetFaults(testenv.Faults{Replies: map[string]string{"PORT": "500 no", "EPRT": "500 no"}})
		if err := answered(second, verb, "425"); err != nil {
			return err
		}
		if err := a.transferAt(first, at); err != nil {
			return fmt.Errorf("%s, the first: %w", verb, err)
		}
		if err := a.well(second); err != nil {
			return fmt.Errorf("%s, the second: %w", verb, err)
		}
	}
	return nil
}
