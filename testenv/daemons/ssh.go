//go:build unix

package daemons

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// SSHServer is a real SSH server that runs. One key pair may log in, as the
// user who runs the test.
type SSHServer struct {
	*Process

	Name       string // the program
	Host       string // the address that it listens on
	Port       int
	Addr       string // Host:Port
	User       string
	Identity   string // path of the private key that may log in
	KnownHosts string // path of a known_hosts file with the server's keys
	HostKeys   []ssh.PublicKey
}

// SSHOptions says how an SSH server is to be started. The zero value permits
// everything that a tunnel needs, on IPv4.
type SSHOptions struct {
	IPv6 bool

	// Host is the address to listen on, a loopback address if empty.
	Host string

	// Port is the port to listen on, a free one if 0. Whoever gives it knows
	// that it is free, as on a host of the test's own.
	Port int

	// Hosts is a file that sshd sees as /etc/hosts, the machine's own if
	// empty.
	Hosts string

	// HostKeys are the types of the server's keys: ed25519, ecdsa, rsa. None
	// means ed25519.
	HostKeys []string

	// Extra are lines of sshd_config (sshd), which come first and so win, or
	// options (Dropbear).
	Extra []string
}

// SSHServers are the launchers, by the program's name.
var SSHServers = []struct {
	Name  string
	Start func(testing.TB, SSHOptions) *SSHServer
}{
	{"sshd", SSHD},
	{"dropbear", Dropbear},
}

// newSSHServer makes what both servers need before they start: the client's
// key pair, whose public half is returned as a line of authorized_keys.
func newSSHServer(t testing.TB, name, dir string, o SSHOptions) (*SSHServer, string) {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s := &SSHServer{
		Name:     name,
		Host:     listenHost(o.Host, o.IPv6),
		User:     me.Username,
		Identity: filepath.Join(dir, "id_ed25519"),
	}
	return s, NewKey(t, s.Identity)
}

// started completes the server once its port is known.
func (s *SSHServer) started(t testing.TB, dir string, p *Process, port int) *SSHServer {
	t.Helper()
	s.Process, s.Port = p, port
	s.Addr = net.JoinHostPort(s.Host, strconv.Itoa(port))
	s.KnownHosts = s.writeKnownHosts(t, filepath.Join(dir, "known_hosts"))
	return s
}

func (s *SSHServer) writeKnownHosts(t testing.TB, path string) string {
	t.Helper()
	var lines []string
	for _, key := range s.HostKeys {
		host := "[" + s.Host + "]:" + strconv.Itoa(s.Port)
		lines = append(lines, host+" "+authorizedKey(key))
	}
	return file(t, path, 0o600, lines...)
}

// NewKey writes a new ed25519 private key to path and returns the public one
// as a line of authorized_keys.
func NewKey(t testing.TB, path string) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return authorizedKey(key)
}

func authorizedKey(key ssh.PublicKey) string {
	return strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(key)), "\n")
}

// readPublicKey finds the public key in what a key generator printed or wrote.
func readPublicKey(t testing.TB, text []byte) ssh.PublicKey {
	t.Helper()
	key, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		t.Fatalf("public key %q: %v", text, err)
	}
	return key
}
