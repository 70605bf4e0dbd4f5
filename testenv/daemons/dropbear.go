//go:build unix

package daemons

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
)

// Dropbear starts Dropbear. Its options can switch forwarding off (-j local,
// -k remote) and set its window (-W bytes).
//
// It takes the authorized keys from the user's home and nowhere else, so it
// runs where the user has another home: in a mount namespace with an
// /etc/passwd of its own.
func Dropbear(t testing.TB, o SSHOptions) *SSHServer {
	t.Helper()
	dropbear := Find(t, "dropbear", "dropbear-bin")
	NeedNamespaces(t, "dropbear", "its user needs another home")
	dir := Folder(t)
	s, authorized := newSSHServer(t, "dropbear", dir, o)
	home := folder(t, filepath.Join(dir, "home"), 0o700)
	folder(t, filepath.Join(home, ".ssh"), 0o700)
	file(t, filepath.Join(home, ".ssh", "authorized_keys"), 0o600, authorized)
	users := passwd(t, filepath.Join(dir, "passwd"), s.User, home)

	args := []string{"-F", "-E", "-P", filepath.Join(dir, "pid")}
	args = append(args, o.Extra...)
	for _, path := range s.dropbearKeys(t, dir, o.HostKeys) {
		args = append(args, "-r", path)
	}
	p, port := launch(t, dir, s.Host, o.Port, "SSH-2.0-", func(port int) *exec.Cmd {
		listen := append(args, "-p", net.JoinHostPort(s.Host, fmt.Sprint(port)))
		return withPasswd(users, dropbear, listen...)
	})
	return s.started(t, dir, p, port)
}

// dropbearKeys makes the server's keys, in Dropbear's own format.
func (s *SSHServer) dropbearKeys(t testing.TB, dir string, types []string) (paths []string) {
	t.Helper()
	if len(types) == 0 {
		types = []string{"ed25519"}
	}
	keygen := Find(t, "dropbearkey", "dropbear-bin")
	for _, kind := range types {
		path := filepath.Join(dir, "host_"+kind)
		out, err := exec.Command(keygen, "-t", kind, "-f", path).CombinedOutput()
		if err != nil {
			t.Fatalf("dropbearkey: %v: %s", err, out)
		}
		for line := range bytes.Lines(out) {
			if bytes.HasPrefix(line, []byte("ssh-")) || bytes.HasPrefix(line, []byte("ecdsa-")) {
				s.HostKeys = append(s.HostKeys, readPublicKey(t, line))
			}
		}
		paths = append(paths, path)
	}
	return paths
}

// withPasswd runs a program in a mount namespace in which users is
// /etc/passwd.
func withPasswd(users, program string, args ...string) *exec.Cmd {
	return withFile("/etc/passwd", users, program, args...)
}

// withFile runs a program in a mount namespace in which another file is at
// path.
func withFile(path, file, program string, args ...string) *exec.Cmd {
	script := `path=$1 file=$2; shift 2; mount --bind "$file" "$path" && exec "$@"`
	return exec.Command("unshare", append([]string{"-m", "sh", "-c", script, "sh", path, file, program}, args...)...)
}
