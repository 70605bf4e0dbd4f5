//go:build unix

package daemons

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// InetutilsFTPD serves with inetutils-ftpd and an anonymous account. Extra are
// its options. It is written to be started by inetd(8), once a connection with
// the socket as its standard streams, and so it is here.
//
// The anonymous account is changed to the root folder of user ftp's home and
// lists with the ls that it finds there, so each runs in a mount namespace
// with an /etc/passwd and a root folder of its own.
func InetutilsFTPD(t testing.TB, o FTPOptions) *FTPServer {
	t.Helper()
	ftpd := filepath.Join(cache(), "usr", "sbin", "ftpd") // in PATH the name may mean any
	if !executable(ftpd) {
		Missing(t, "inetutils-ftpd is not unpacked (package inetutils-ftpd)")
	}
	NeedNamespaces(t, "inetutils-ftpd", "its user needs another home")
	needUser(t, "inetutils-ftpd", "ftp")
	dir := Folder(t)
	s := newFTPServer(t, "inetutils-ftpd", dir, o)
	d := &inetd{
		t:       t,
		program: ftpd,
		args:    append([]string{"-A"}, o.Extra...),
		users:   passwd(t, filepath.Join(dir, "passwd"), "ftp", s.Root),
		root:    s.Root,
	}
	port := d.listen(net.JoinHostPort(s.Host, "0"))
	return s.started(nil, port)
}

// inetd accepts connections and starts a program for each.
type inetd struct {
	t        testing.TB
	program  string
	args     []string
	users    string // stands in for /etc/passwd
	root     string // the anonymous user's folder
	children sync.WaitGroup
}

// listen serves addr until the test ends and returns the port.
func (d *inetd) listen(addr string) int {
	d.t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		Missing(d.t, "inetd: %v", err)
	}
	for _, name := range systemFolders() {
		folder(d.t, filepath.Join(d.root, name), 0o755)
	}
	d.children.Go(func() { d.serve(l) })
	d.t.Cleanup(func() {
		l.Close()
		d.children.Wait()
	})
	return l.Addr().(*net.TCPAddr).Port
}

func (d *inetd) serve(l net.Listener) {
	var running []*Process
	for {
		conn, err := l.Accept()
		if err != nil {
			break
		}
		p, err := d.spawn(conn.(*net.TCPConn))
		if err != nil {
			d.t.Errorf("inetd: %v", err)
			continue
		}
		running = append(running, p)
	}
	for _, p := range running {
		p.Kill()
	}
}

// spawn starts the program with conn as its streams and closes conn here.
func (d *inetd) spawn(conn *net.TCPConn) (*Process, error) {
	defer conn.Close()
	socket, err := conn.File()
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	cmd := d.command()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = socket, socket, socket
	cmd.SysProcAttr = attributes()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, log: os.DevNull, done: make(chan struct{})}
	go p.wait()
	return p, nil
}

// command is the program in its namespace. The folders with ls and its
// libraries are mounted into the anonymous user's root.
func (d *inetd) command() *exec.Cmd {
	script := `users=$1 root=$2; shift 2
		mount --bind "$users" /etc/passwd || exit
		for folder in ` + strings.Join(systemFolders(), " ") + `; do
			mount -o bind,ro "/$folder" "$root/$folder" || exit
		done
		exec "$@"`
	args := []string{"-m", "sh", "-c", script, "sh", d.users, d.root, d.program}
	cmd := exec.Command("unshare", append(args, d.args...)...)
	cmd.Env = Environ()
	return cmd
}

// systemFolders are the top folders of this machine that ls needs.
func systemFolders() (names []string) {
	for _, name := range []string{"bin", "lib", "lib64"} {
		if info, err := os.Stat("/" + name); err == nil && info.IsDir() {
			names = append(names, name)
		}
	}
	return names
}
