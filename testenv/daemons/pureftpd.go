//go:build unix

package daemons

import (
	"fmt"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// PureFTPD starts Pure-FTPd with the virtual user test. Extra are options,
// such as -P 192.0.2.7 (the address in a 227), -N (active only), -p 40000:40100.
func PureFTPD(t testing.TB, o FTPOptions) *FTPServer {
	t.Helper()
	pure := Find(t, "pure-ftpd", "pure-ftpd")
	needRoot(t, "pure-ftpd", "it changes user")
	needUser(t, "pure-ftpd", "ftp")
	dir := Folder(t)
	s := newFTPServer(t, "pure-ftpd", dir, o)
	users := pureUsers(t, dir, s)
	p, port := launch(t, dir, s.Host, o.Port, "220", func(port int) *exec.Cmd {
		args := []string{
			"-S", fmt.Sprint(s.Host, ",", port),
			"-l", "puredb:" + users,
			"-E",      // no anonymous login
			"-u", "1", // no user id below 1
			"-H",        // no DNS
			"-c", "500", // clients
			"-C", "500", // of one address
			"-g", filepath.Join(dir, "pid"),
		}
		if !o.IPv6 {
			args = append(args, "-4")
		}
		cmd := exec.Command(pure, append(args, o.Extra...)...)
		cmd.Env = Environ()
		return cmd
	})
	return s.started(p, port)
}

// pureHash is crypt(3) of the password "test". pure-pw's own hash is made to
// cost seconds at every login.
const pureHash = "$6$ftptunnel$bsaQVS.4HmmNiLoSABWXJS5DYOnaVeEEIAI92a2nJ.oFeUMR8k2OhczkmBieJOu.iLvN1EOE2nvp8uxdm5o1x."

// pureUsers makes the data base of virtual users, which holds one.
func pureUsers(t testing.TB, dir string, s *FTPServer) string {
	t.Helper()
	ftp, err := user.Lookup("ftp")
	if err != nil {
		t.Fatal(err)
	}
	s.User, s.Password = "test", "test"
	users := file(t, filepath.Join(dir, "pure.passwd"), 0o600,
		strings.Join([]string{s.User, pureHash, ftp.Uid, ftp.Gid, "", s.Root + "/./"}, ":")+"::::::::::::")
	db := filepath.Join(dir, "pure.pdb")
	cmd := exec.Command(Find(t, "pure-pw", "pure-ftpd-common"), "mkdb", db, "-f", users)
	cmd.Env = Environ()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pure-pw: %v: %s", err, out)
	}
	return db
}
