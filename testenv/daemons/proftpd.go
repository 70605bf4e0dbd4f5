//go:build unix

package daemons

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ProFTPD starts ProFTPD with an anonymous account. Extra are lines of its
// configuration, such as MasqueradeAddress 192.0.2.7, PassivePorts 40000
// 40100, AllowForeignAddress on, <Limit PASV EPSV> DenyAll </Limit>.
func ProFTPD(t testing.TB, o FTPOptions) *FTPServer {
	t.Helper()
	proftpd := Find(t, "proftpd", "proftpd-core")
	needRoot(t, "proftpd", "it changes user")
	needUser(t, "proftpd", "ftp")
	dir := Folder(t)
	s := newFTPServer(t, "proftpd", dir, o)
	ipv6 := "off"
	if o.IPv6 {
		ipv6 = "on"
	}
	p, port := launch(t, dir, s.Host, o.Port, "220", func(port int) *exec.Cmd {
		lines := []string{
			"ServerType standalone",
			"UseIPv6 " + ipv6,
			fmt.Sprint("Port ", port),
			"DefaultAddress " + s.Host,
			"SocketBindTight on",
			"User ftp",
			"Group nogroup",
			"MaxInstances 500",
			"AuthOrder mod_auth_file.c mod_auth_unix.c", // the former for an AuthUserFile
			"RequireValidShell off",
			"ScoreboardFile none",
			"PidFile " + filepath.Join(dir, "pid"),
			"DelayTable none",
			"SystemLog " + filepath.Join(dir, "proftpd.log"),
			"TransferLog NONE",
			"WtmpLog off",
			"UseReverseDNS off",
			"AllowOverwrite on",
			"UseFtpUsers off",
			"<Anonymous " + s.Root + ">",
			"    User ftp",
			"    UserAlias anonymous ftp",
			"</Anonymous>",
		}
		if strings.HasPrefix(proftpd, cache()) {
			lines = append([]string{"ModulePath " + filepath.Join(cache(), "usr", "lib", "proftpd")}, lines...)
		}
		lines = append(lines, o.Extra...)
		cmd := exec.Command(proftpd, "-n", "-c", file(t, filepath.Join(dir, "proftpd.conf"), 0o600, lines...))
		cmd.Env = Environ()
		return cmd
	})
	return s.started(p, port)
}
