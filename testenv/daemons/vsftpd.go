//go:build unix

package daemons

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// VSFTPD starts vsftpd with an anonymous account. Extra are lines of
// vsftpd.conf, such as pasv_enable=NO, port_enable=NO, pasv_address=192.0.2.7,
// anon_max_rate=100000.
func VSFTPD(t testing.TB, o FTPOptions) *FTPServer {
	t.Helper()
	vsftpd := Find(t, "vsftpd", "vsftpd")
	needRoot(t, "vsftpd", "it changes user")
	needUser(t, "vsftpd", "ftp")
	runFolder(t, "/run/vsftpd/empty")
	dir := Folder(t)
	s := newFTPServer(t, "vsftpd", dir, o)
	listen := []string{"listen=YES", "listen_ipv6=NO", "listen_address=" + s.Host}
	if o.IPv6 {
		listen = []string{"listen=NO", "listen_ipv6=YES", "listen_address6=" + s.Host}
	}
	p, port := launch(t, dir, s.Host, o.Port, "220", func(port int) *exec.Cmd {
		lines := append(listen,
			fmt.Sprint("listen_port=", port),
			"background=NO",
			"anonymous_enable=YES",
			"no_anon_password=YES",
			"local_enable=NO",
			"write_enable=YES",
			"anon_upload_enable=YES",
			"anon_mkdir_write_enable=YES",
			"anon_other_write_enable=YES",
			"anon_umask=022",
			"anon_root="+s.Root,
			"connect_from_port_20=NO",
			"max_clients=0",
			"max_per_ip=0",
			// Its own sandboxes fail in containers.
			"seccomp_sandbox=NO",
			"isolate=NO",
			"isolate_network=NO",
			"xferlog_enable=YES",
			"vsftpd_log_file="+filepath.Join(dir, "vsftpd.log"),
		)
		// Of two lines for one setting vsftpd takes the last.
		lines = append(lines, o.Extra...)
		return exec.Command(vsftpd, file(t, filepath.Join(dir, "vsftpd.conf"), 0o600, lines...))
	})
	return s.started(p, port)
}
