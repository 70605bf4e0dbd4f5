package sshconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ftptunnel/testenv"
)

// agentProcess is a real ssh-agent.
type agentProcess struct {
	t    *testing.T
	sock string
}

func startAgent(t *testing.T) *agentProcess {
	t.Helper()
	a := &agentProcess{t: t, sock: socketPlace(t)}
	cmd := exec.Command(program(t, "ssh-agent"), "-D", "-a", a.sock)
	listening(t, cmd, a.sock)
	return a
}

// add gives the agent a key.
func (a *agentProcess) add(keys ...string) {
	a.t.Helper()
	for _, key := range keys {
		cmd := exec.Command(program(a.t, "ssh-add"), "-q", key)
		cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+a.sock)
		if out, err := cmd.CombinedOutput(); err != nil {
			a.t.Fatalf("ssh-add: %v\n%s", err, out)
		}
	}
}

// list returns what ssh-add -l prints.
func (a *agentProcess) list() string {
	cmd := exec.Command(program(a.t, "ssh-add"), "-l")
	cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+a.sock)
	out, _ := cmd.CombinedOutput()
	return string(out)
}

// env is an environment in which the agent runs.
func (a *agentProcess) env(name string) string {
	if name == "SSH_AUTH_SOCK" {
		return a.sock
	}
	return pathOnly(name)
}

// with resolves "box" with more lines before the server's own.
func (s *sshd) with(extra string, a *agentProcess) *Config {
	s.t.Helper()
	config := s.write("ssh_config_"+itoa(len(extra)), extra+"\n"+s.clientConfig(""))
	return s.resolve("box", func(o *Options) {
		o.ConfigFile = config
		if a != nil {
			o.Env = a.env
		}
	})
}

func TestSevenAgentKeysAndThreeTries(t *testing.T) {
	s := startSSHD(t, "MaxAuthTries 3\n")
	a := startAgent(t)
	dir := t.TempDir()
	for i := range 7 {
		a.add(makeKey(t, dir, fmt.Sprintf("k%d", i), "ed25519", ""))
	}
	a.add(s.userKey)
	err := client(t, s.with("IdentityFile /no/such\nIdentitiesOnly no\n", a), nil).Connect(short(t))
	if err != nil {
		// ssh-agent lists keys in the order they were added, and IdentityFile
		// of the server's configuration names the right one: it comes first.
		t.Fatal(err)
	}
	cfg := s.with("IdentitiesOnly no\n", a)
	cfg.IdentityFiles = nil
	err = client(t, cfg, nil).Connect(short(t))
	var refused *AuthError
	if !errors.As(err, &refused) || !refused.TooMany {
		t.Fatalf("got %v", err)
	}
	cfg.IdentityFiles, cfg.IdentitiesOnly = []string{s.userKey + ".pub"}, true
	c := client(t, cfg, nil)
	if err := c.Connect(short(t)); err != nil {
		t.Errorf("IdentitiesOnly with a .pub file: %v", err)
	}
}

// The private half lies in the agent alone; the configuration names the public
// one.
func TestPublicFilePicksAgentKey(t *testing.T) {
	s := startSSHD(t, "MaxAuthTries 1\n")
	a := startAgent(t)
	dir := t.TempDir()
	a.add(makeKey(t, dir, "other", "ed25519", ""), s.userKey)
	if err := os.Rename(s.userKey, filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{s.userKey, s.userKey + ".pub"} {
		cfg := s.with("IdentitiesOnly yes\n", a)
		cfg.IdentityFiles = []string{file}
		if err := client(t, cfg, nil).Connect(short(t)); err != nil {
			t.Errorf("IdentityFile %s: %v", file, err)
		}
	}
}

func TestKeyIsAddedToAgent(t *testing.T) {
	s := startSSHD(t, "")
	a := startAgent(t)
	if err := client(t, s.with("AddKeysToAgent yes\n", a), nil).Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	if got := a.list(); !strings.Contains(got, s.userKey) {
		t.Errorf("the agent has %s", got)
	}
}

// One key of the agent that cannot sign must not end the login.
func TestUnusableAgentKeyIsPassedOver(t *testing.T) {
	s := startSSHD(t, "")
	a := startAgent(t)
	cmd := exec.Command(program(t, "ssh-add"), "-q", "-c", s.userKey) // wants a confirmation that nobody gives
	cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+a.sock)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	second := makeKey(t, s.dir, "second", "ed25519", "")
	pub, _ := os.ReadFile(second + ".pub")
	first, _ := os.ReadFile(s.userKey + ".pub")
	s.write("authorized_keys", string(first)+string(pub))
	cfg := s.with("", a)
	cfg.IdentityFiles = []string{s.userKey, second}
	if err := client(t, cfg, nil).Connect(short(t)); err != nil {
		t.Fatal(err)
	}
}

func TestUserCertificate(t *testing.T) {
	dir := t.TempDir()
	ca := makeKey(t, dir, "ca", "ed25519", "")
	s := startSSHD(t, "TrustedUserCAKeys "+ca+".pub\nAuthorizedKeysFile none\n")
	run(t, "ssh-keygen", "-q", "-s", ca, "-I", "me", "-n", userName(), s.userKey+".pub")
	login := func(how string, cfg *Config) {
		t.Helper()
		if err := client(t, cfg, nil).Connect(short(t)); err != nil {
			t.Errorf("%s: %v", how, err)
		}
	}
	login("beside the key", s.with("", nil))
	a := startAgent(t)
	a.add(s.userKey)
	cfg := s.with("IdentitiesOnly no\n", a)
	cfg.IdentityFiles = nil
	login("in the agent", cfg)
	moved := filepath.Join(dir, "moved-cert.pub")
	if err := os.Rename(s.userKey+"-cert.pub", moved); err != nil {
		t.Fatal(err)
	}
	login("CertificateFile", s.with("CertificateFile "+moved+"\n", nil))
	login("CertificateFile, key in the agent", s.with("CertificateFile "+moved+"\nIdentityFile /no/such\n", a))
}

func TestTwoKeysWanted(t *testing.T) {
	s := startSSHD(t, "AuthenticationMethods publickey,publickey\n")
	second := makeKey(t, s.dir, "second", "rsa", "")
	pub, _ := os.ReadFile(second + ".pub")
	first, _ := os.ReadFile(s.userKey + ".pub")
	s.write("authorized_keys", string(first)+string(pub))
	cfg := s.with("", nil)
	cfg.IdentityFiles = []string{s.userKey, second}
	if err := client(t, cfg, nil).Connect(short(t)); err != nil {
		t.Fatal(err)
	}
}

func TestKeyTypesLogIn(t *testing.T) {
	s := startSSHD(t, "")
	for _, kind := range []string{"ed25519", "rsa", "ecdsa"} {
		for _, passphrase := range []string{"", "phrase"} {
			key := makeKey(t, t.TempDir(), "k", kind, passphrase)
			pub, _ := os.ReadFile(key + ".pub")
			s.write("authorized_keys", string(pub))
			cfg := s.with("", nil)
			cfg.IdentityFiles = []string{key}
			p := &script{answers: []string{passphrase}}
			if err := client(t, cfg, p).Connect(short(t)); err != nil {
				t.Errorf("%s, passphrase %q: %v", kind, passphrase, err)
			}
			if passphrase == "phrase" {
				os.Remove(key + ".pub")
				pem := makePEM(t, key, kind)
				cfg.IdentityFiles = []string{pem}
				p := &script{answers: []string{"phrase"}}
				if err := client(t, cfg, p).Connect(short(t)); err != nil {
					t.Errorf("%s in PEM: %v", kind, err)
				}
			}
		}
	}
}

// makePEM rewrites an encrypted key in the old format, which does not tell its
// public half, where there is such a format.
func makePEM(t *testing.T, key, kind string) string {
	t.Helper()
	if kind != "ed25519" {
		run(t, "ssh-keygen", "-q", "-p", "-a", "1", "-m", "PEM", "-P", "phrase", "-N", "phrase", "-f", key)
	}
	return key
}

// An agent that accepts and says nothing holds neither a cancelled attempt nor
// one whose time is up.
func TestMuteAgentIsLeft(t *testing.T) {
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, cfg := embedded(t, testenv.SSHOptions{})
	cfg.IdentityAgent = l.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := client(t, cfg, nil).Connect(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled: got %v", err)
	}
	cfg.ConnectTimeout = 200 * time.Millisecond
	err = client(t, cfg, nil).Connect(short(t))
	if e, ok := errors.AsType[*ConnectError](err); !ok || !errors.Is(e, errTimeout) {
		t.Errorf("time is up: got %v", err)
	}
}
