//go:build linux

package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/netlab"
)

// The hosts of a page, as the reader and as the SSH server "gate" see them.
// The second name of the SSH server, "files", is for pages on which the FTP
// server is on its host.
const (
	readerHosts = "127.0.0.1 localhost\n10.78.1.2 files.example.com gate.example.com\n10.78.3.2 strict.example.com\n"
	gateHosts   = "127.0.0.1 localhost\n10.78.2.2 ftp.internal ftp1 ftp2\n"
)

// The FTP servers know one account, me, whose password is "secret", as
// crypt(3) has it.
const ftpAccount = "me:$6$ftptunnel$s5rHLgZX87r6VJ/oNJBbBsIyyNnJV0yavONnT3f.b415WQ/LGshaKovvlSx5IfNcuTkjPfO.SiwFdpjmLR6YA1:%s:%s::%s:/bin/sh\n"

// scene is a network of hosts for one page: the reader's machine, the SSH
// server that it calls gate and files, and an FTP server behind that.
type scene struct {
	dir   string // bin, home/me, srv, passwd, hosts
	hosts map[string]*netlab.Host
	roots []string // the FTP servers' folders
	gate  *daemons.SSHServer
}

func newScene(t *testing.T, program string, strict bool) *scene {
	t.Helper()
	s := &scene{dir: daemons.Folder(t), hosts: map[string]*netlab.Host{}}
	for _, name := range []string{"", "gate", "server", "strict"} {
		s.hosts[name] = newPageHost(t, name)
	}
	s.wire(t, "", "gate", "10.78.1.0/30")
	s.wire(t, "gate", "server", "10.78.2.0/30")
	s.wire(t, "", "strict", "10.78.3.0/30")
	s.write(t, "gatehosts", gateHosts)
	s.write(t, "hosts", readerHosts)
	s.ftp(t, "", "127.0.0.1", 21)
	s.ftp(t, "gate", "127.0.0.1", 21)
	s.ftp(t, "server", "10.78.2.2", 21)
	s.ftp(t, "server", "10.78.2.2", 2100)
	s.gate = s.sshd(t, "gate", daemons.SSHOptions{
		Host: "10.78.1.2", Hosts: filepath.Join(s.dir, "gatehosts"),
		Extra: []string{"Subsystem sftp internal-sftp -d " + s.roots[1]}, // the FTP server's files
	})
	servers := map[string]*daemons.SSHServer{"files": s.gate, "gate": s.gate}
	if strict {
		s.on(t, "strict", func() {
			daemons.VSFTPD(t, daemons.FTPOptions{Host: "127.0.0.1", Port: 21, Extra: []string{"pasv_enable=NO"}})
		})
		servers["strict"] = s.sshd(t, "strict",
			daemons.SSHOptions{Host: "10.78.3.2", Extra: []string{"AllowTcpForwarding local"}})
	}
	s.home(t, program, servers)
	return s
}

func newPageHost(t *testing.T, name string) *netlab.Host {
	t.Helper()
	h, err := netlab.NewHost(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func (s *scene) wire(t *testing.T, a, b, subnet string) {
	t.Helper()
	if err := netlab.Wire(s.hosts[a], s.hosts[b], netip.MustParsePrefix(subnet)); err != nil {
		t.Fatal(err)
	}
}

// on starts something on a host.
func (s *scene) on(t *testing.T, host string, start func()) {
	t.Helper()
	if err := s.hosts[host].Do(func() error { start(); return nil }); err != nil {
		t.Fatal(err)
	}
}

func (s *scene) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(name, "home/") {
		err = os.Chmod(path, 0o644) // others read it in the place of the machine's
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// ftp starts an FTP server with the files that pages name.
func (s *scene) ftp(t *testing.T, host, addr string, port int) {
	t.Helper()
	var ids [2]string
	for i, flag := range []string{"-u", "-g"} {
		out, err := exec.Command("id", flag, "ftp").Output()
		if err != nil {
			daemons.Missing(t, "the user ftp is missing (package vsftpd makes it): %v", err)
		}
		ids[i] = strings.TrimSpace(string(out))
	}
	// The account's folder is known when the server runs.
	account := s.write(t, "accounts"+strconv.Itoa(len(s.roots)), "")
	if err := os.Chmod(account, 0o600); err != nil {
		t.Fatal(err)
	}
	var server *daemons.FTPServer
	s.on(t, host, func() {
		server = daemons.ProFTPD(t, daemons.FTPOptions{Host: addr, Port: port, Extra: []string{
			"AuthUserFile " + account, "DefaultRoot ~",
		}})
	})
	err := errors.Join(
		os.WriteFile(account, fmt.Appendf(nil, ftpAccount, ids[0], ids[1], server.Root), 0o600),
		os.Mkdir(filepath.Join(server.Root, "pub"), 0o755),
		os.Mkdir(filepath.Join(server.Root, "incoming"), 0o755),
		os.Chmod(filepath.Join(server.Root, "incoming"), 0o777),
		os.WriteFile(filepath.Join(server.Root, "pub", "list.txt"), []byte("a list\n"), 0o644),
		os.WriteFile(filepath.Join(server.Root, "pub", "report.pdf"), bytes.Repeat([]byte("a report\n"), 81556), 0o644))
	if err != nil {
		t.Fatal(err)
	}
	s.roots = append(s.roots, server.Root)
}

func (s *scene) sshd(t *testing.T, host string, o daemons.SSHOptions) *daemons.SSHServer {
	t.Helper()
	o.Port = 22
	var server *daemons.SSHServer
	s.on(t, host, func() { server = daemons.SSHD(t, o) })
	return server
}

// home makes the reader's home folder and the machine's files that name it.
// SSH is set up in it as a user would have it.
func (s *scene) home(t *testing.T, program string, servers map[string]*daemons.SSHServer) {
	t.Helper()
	config, known := "", ""
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		config += fmt.Sprintf("Host %[1]s\n    HostName %[1]s.example.com\n    User root\n    IdentityFile ~/.ssh/id_%[1]s\n", name)
		known += name + ".example.com " + string(ssh.MarshalAuthorizedKey(servers[name].HostKeys[0]))
		key, err := os.ReadFile(servers[name].Identity)
		if err != nil {
			t.Fatal(err)
		}
		s.write(t, "home/me/.ssh/id_"+name, string(key))
	}
	s.write(t, "home/me/.ssh/config", config)
	s.write(t, "home/me/.ssh/known_hosts", known)
	s.write(t, "home/me/results.csv", strings.Repeat("1,2,3\n", 50_000))
	s.write(t, "srv/pub/.keep", "")
	users, err := os.ReadFile("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, "passwd", "me:x:0:0::/home/me:/bin/bash\n"+string(users))
	s.write(t, "bin/.keep", "")
	if err := os.Symlink(program, filepath.Join(s.dir, "bin", "ftptunnel")); err != nil {
		t.Fatal(err)
	}
}

// inScene runs a command line where the reader's files are the machine's.
const inScene = `mount --bind "$SCENE/passwd" /etc/passwd && mount --bind "$SCENE/hosts" /etc/hosts &&
mount --bind "$SCENE/home" /home && mount --bind "$SCENE/srv" /srv && cd ~ && exec bash -c "$1"`

// command is a command line of a page, without terminal.
func (s *scene) command(line string) *exec.Cmd {
	cmd := exec.Command("unshare", "-m", "sh", "-c", inScene, "sh", line)
	cmd.Env = []string{
		"SCENE=" + s.dir, "HOME=/home/me", "USER=me", "LOGNAME=me", "LANG=C.UTF-8", "GORACE=atexit_sleep_ms=0",
		"PATH=" + filepath.Join(s.dir, "bin") + ":/usr/bin:/bin:/usr/sbin:/sbin",
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// sweep ends what the page's commands have left in the background.
func (s *scene) sweep() {
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environments {
		text, err := os.ReadFile(path)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && pid != os.Getpid() && bytes.Contains(text, []byte("SCENE="+s.dir+"\x00")) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
