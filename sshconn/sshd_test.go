package sshconn

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ftptunnel/testenv/daemons"
)

// program returns the path of a real program. Without it the test is skipped by
// name, and fails where FTPTUNNEL_REAL=1 demands it.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{"", "/usr/sbin/", "/usr/local/sbin/"} {
		if path, err := exec.LookPath(dir + name); err == nil {
			return path
		}
	}
	if os.Getenv("FTPTUNNEL_REAL") == "1" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// sshd is a real OpenSSH server on a loopback port.
type sshd struct {
	t       *testing.T
	dir     string
	port    int
	userKey string // private key that is let in
	config  string // ssh_config that leads to it as "box"
	cmd     *exec.Cmd
	log     string
}

// run runs a program and fails the test if it fails.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// makeKey makes a key pair and returns the private key's path.
func makeKey(t *testing.T, dir, name, kind, passphrase string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	args := []string{"-q", "-t", kind, "-N", passphrase, "-C", name, "-a", "1", "-f", path}
	if kind == "rsa" {
		args = append(args, "-b", "2048")
	}
	run(t, program(t, "ssh-keygen"), args...)
	return path
}

// write writes a file into the server's folder.
func (s *sshd) write(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// startSSHD starts sshd with host keys of the given types (ed25519 if none) and
// more lines for sshd_config.
func startSSHD(t *testing.T, extra string, hostKeys ...string) *sshd {
	t.Helper()
	bin := program(t, "sshd")
	s := &sshd{t: t, dir: t.TempDir(), port: daemons.FreePort(t, "127.0.0.1")}
	if os.Getuid() == 0 {
		os.MkdirAll("/run/sshd", 0o755)
	}
	if len(hostKeys) == 0 {
		hostKeys = []string{"ed25519"}
	}
	var conf strings.Builder
	fmt.Fprintf(&conf, "Port %d\nListenAddress 127.0.0.1\nPidFile none\nStrictModes no\nUsePAM no\nSetEnv HOME=/nonexistent\n"+
		"PermitRootLogin yes\nLogLevel DEBUG1\n", s.port)
	fmt.Fprint(&conf, extra)
	for _, kind := range hostKeys {
		fmt.Fprintf(&conf, "HostKey %s\n", makeKey(t, s.dir, "host_"+kind, kind, ""))
	}
	s.userKey = makeKey(t, s.dir, "user", "ed25519", "")
	pub, _ := os.ReadFile(s.userKey + ".pub")
	if !strings.Contains(extra, "AuthorizedKeysFile") {
		fmt.Fprintf(&conf, "AuthorizedKeysFile %s\n", s.write("authorized_keys", string(pub)))
	}
	s.log = filepath.Join(s.dir, "log")
	s.cmd = exec.Command(bin, "-D", "-E", s.log, "-f", s.write("sshd_config", conf.String()))
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(s.log)
			t.Logf("sshd:\n%s", log)
		}
	})
	s.config = s.write("ssh_config", s.clientConfig(""))
	waitTCP(t, s.address())
	return s
}

// clientConfig leads "box" to the server; extra lines come first.
func (s *sshd) clientConfig(extra string) string {
	return fmt.Sprintf("Host box\n%s\nHostName 127.0.0.1\nPort %d\nUser %s\nIdentityFile %s\nIdentitiesOnly yes\n"+
		"UserKnownHostsFile %s\nGlobalKnownHostsFile none\nStrictHostKeyChecking accept-new\n",
		extra, s.port, userName(), s.userKey, filepath.Join(s.dir, "known_hosts"))
}

func (s *sshd) address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

func userName() string {
	out, _ := exec.Command("id", "-un").Output()
	return strings.TrimSpace(string(out))
}

// waitTCP waits until something listens.
func waitTCP(t *testing.T, address string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("nothing listens on %s", address)
}

// pathOnly is an environment with PATH, as a process would have it.
func pathOnly(name string) string {
	if name == "PATH" {
		return os.Getenv("PATH")
	}
	return ""
}

// resolve resolves an alias with the server's configuration.
func (s *sshd) resolve(alias string, change func(*Options)) *Config {
	s.t.Helper()
	o := Options{ConfigFile: s.config, Env: pathOnly}
	if change != nil {
		change(&o)
	}
	cfg, err := Resolve(s.t.Context(), alias, o)
	if err != nil {
		s.t.Fatal(err)
	}
	return cfg
}

// client makes a client that the test closes at its end.
func client(t *testing.T, cfg *Config, p Prompter) *Client {
	t.Helper()
	c := NewClient(cfg, p, func(e Event) { t.Logf("event %d %q %v %v", e.Kind, e.Text, e.Addr, e.Err) })
	t.Cleanup(func() { c.Close() })
	return c
}

// short returns a context that ends before the test does.
func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// waitFor waits until cond holds.
func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// socketPlace is a path that is short enough for a Unix socket.
func socketPlace(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sock")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "sock")
}

// listening starts a program for the time of the test and waits for its socket.
func listening(t *testing.T, cmd *exec.Cmd, sock string) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	waitFor(t, func() bool {
		_, err := os.Stat(sock)
		return err == nil
	})
}
