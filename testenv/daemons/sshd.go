//go:build unix

package daemons

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// SSHD starts OpenSSH's server. Forwarding is permitted as its defaults permit
// it: direct-tcpip anywhere, tcpip-forward on loopback.
func SSHD(t testing.TB, o SSHOptions) *SSHServer {
	t.Helper()
	sshd := Find(t, "sshd", "openssh-server")
	if os.Geteuid() == 0 {
		runFolder(t, "/run/sshd")
	}
	if o.Hosts != "" {
		NeedNamespaces(t, "sshd", "it needs another /etc/hosts")
	}
	dir := Folder(t)
	s, authorized := newSSHServer(t, "sshd", dir, o)
	file(t, filepath.Join(dir, "authorized_keys"), 0o644, authorized)
	lines := append(o.Extra, s.hostKeys(t, dir, o.HostKeys)...)
	lines = append(lines,
		"ListenAddress "+s.Host,
		"AuthorizedKeysFile "+filepath.Join(dir, "authorized_keys"),
		"PidFile "+filepath.Join(dir, "pid"),
		"PermitRootLogin yes",
		"StrictModes no",
		"UsePAM no",
		"SetEnv HOME=/nonexistent", // what the account's shell starts up with is not ours
		"UseDNS no",
		"MaxStartups 1000",
		"MaxSessions 1000",
	)
	config := file(t, filepath.Join(dir, "sshd_config"), 0o600, lines...)
	if known(sshd, config, "PerSourcePenalties=no") {
		lines = append(lines, "PerSourcePenalties no")
		file(t, config, 0o600, lines...)
	}
	p, port := launch(t, dir, s.Host, o.Port, "SSH-2.0-", func(port int) *exec.Cmd {
		args := []string{"-D", "-e", "-f", config, "-p", fmt.Sprint(port)}
		if o.Hosts == "" {
			return exec.Command(sshd, args...)
		}
		return withFile("/etc/hosts", o.Hosts, sshd, args...)
	})
	return s.started(t, dir, p, port)
}

// known reports whether this sshd knows an option. Since OpenSSH 9.8 one that
// is connected to without a login, as tests do, soon refuses the address.
func known(sshd, config, option string) bool {
	return exec.Command(sshd, "-t", "-f", config, "-o", option).Run() == nil
}

// hostKeys makes the server's keys and returns their lines of sshd_config.
func (s *SSHServer) hostKeys(t testing.TB, dir string, types []string) []string {
	t.Helper()
	if len(types) == 0 {
		types = []string{"ed25519"}
	}
	keygen := Find(t, "ssh-keygen", "openssh-client")
	var lines []string
	for _, kind := range types {
		path := filepath.Join(dir, "host_"+kind)
		if out, err := exec.Command(keygen, "-q", "-t", kind, "-N", "", "-f", path).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
		public, err := os.ReadFile(path + ".pub")
		if err != nil {
			t.Fatal(err)
		}
		s.HostKeys = append(s.HostKeys, readPublicKey(t, public))
		lines = append(lines, "HostKey "+path)
	}
	return lines
}
