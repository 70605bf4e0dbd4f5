package sshconn

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// dropbear is a real Dropbear on a loopback port; config leads to it as "box".
func startDropbear(t *testing.T) (config string, port int) {
	t.Helper()
	bin := program(t, "dropbear")
	dir := t.TempDir()
	host := filepath.Join(dir, "host")
	run(t, program(t, "dropbearkey"), "-t", "ed25519", "-f", host)
	if os.Getuid() == 0 {
		t.Setenv("HOME", dir) // dropbear looks for ~/.ssh/authorized_keys by the user database
	}
	port = freePort(t)
	user := makeKey(t, dir, "user", "ed25519", "")
	cmd := exec.Command(bin, "-F", "-E", "-r", host, "-p", fmt.Sprintf("127.0.0.1:%d", port), "-P", filepath.Join(dir, "pid"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	waitTCP(t, fmt.Sprintf("127.0.0.1:%d", port))
	config = filepath.Join(dir, "config")
	text := fmt.Sprintf("Host box\nHostName 127.0.0.1\nPort %d\nUser %s\nIdentityFile %s\nIdentitiesOnly yes\n"+
		"UserKnownHostsFile %s\nGlobalKnownHostsFile none\nStrictHostKeyChecking accept-new\n", port, userName(), user, filepath.Join(dir, "kh"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config, port
}

// Dropbear with nothing but an Ed25519 key dies when another type is offered
// first; it looks for authorized keys where this test may not write, so that
// what is shown is that it lives to refuse the login.
func TestDropbearShowsItsKey(t *testing.T) {
	config, _ := startDropbear(t)
	cfg, err := Resolve(t.Context(), "box", Options{ConfigFile: config, Env: pathOnly})
	if err != nil {
		t.Fatal(err)
	}
	err = client(t, cfg, nil).Connect(short(t))
	var refused *AuthError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v", err)
	}
}

func TestJumps(t *testing.T) {
	a, b, c := startSSHD(t, ""), startSSHD(t, ""), startSSHD(t, "")
	alias := func(s *sshd, name, extra string) string {
		return strings.Replace(s.clientConfig(extra), "Host box", "Host "+name, 1)
	}
	config := a.write("jump_config", alias(a, "first", "")+alias(b, "second", "")+
		alias(c, "third", "ProxyJump first,second")+alias(c, "nested", "ProxyJump middle")+
		alias(b, "middle", "ProxyJump first")+alias(c, "proxied", "ProxyCommand ssh -F "+filepath.Join(a.dir, "jump_config")+" -W %h:%p first"))
	for alias, hops := range map[string]int{"third": 2, "nested": 2, "proxied": 0} {
		cfg := a.resolve(alias, func(o *Options) { o.ConfigFile = config })
		if len(cfg.Jumps) != hops {
			t.Errorf("%s: %d hops", alias, len(cfg.Jumps))
		}
		cl := client(t, cfg, nil)
		conn, err := cl.DialContext(short(t), "tcp", echoServer(t))
		if err != nil {
			t.Fatalf("%s: %v", alias, err)
		}
		exchange(t, conn, 1<<20)
		l, err := cl.Listen(short(t), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("%s: %v", alias, err)
		}
		l.Close()
	}
	for _, s := range []*sshd{a, b, c} {
		if log, _ := os.ReadFile(s.log); !strings.Contains(string(log), "Accepted publickey") {
			t.Errorf("nobody came by port %d", s.port)
		}
	}
}

func TestJumpRefuses(t *testing.T) {
	a, b := startSSHD(t, "AllowTcpForwarding no\n"), startSSHD(t, "")
	config := a.write("jump_config", strings.Replace(a.clientConfig(""), "Host box", "Host gate", 1)+b.clientConfig("ProxyJump gate"))
	cfg := a.resolve("box", func(o *Options) { o.ConfigFile = config })
	err := client(t, cfg, nil).Connect(short(t))
	var failed *ConnectError
	var why *ForwardError
	if !errors.As(err, &failed) || failed.Hop != "gate" || !errors.As(err, &why) || why.Reason != Prohibited {
		t.Errorf("got %v", err)
	}
}

func TestProxyCommandFails(t *testing.T) {
	s := startSSHD(t, "")
	var lines []string
	cfg := s.resolve("box", func(o *Options) { o.Set = []string{"ProxyCommand=echo no way >&2; false"} })
	c := NewClient(cfg, nil, func(e Event) {
		if e.Kind == ProxyOutput {
			lines = append(lines, e.Text)
		}
	})
	err := c.Connect(short(t))
	c.Close()
	var failed *ConnectError
	if !errors.As(err, &failed) || failed.Proxy == "" {
		t.Errorf("got %v", err)
	}
	if len(lines) != 1 || lines[0] != "no way" {
		t.Errorf("the proxy said %q", lines)
	}
}

func TestBoundAddressAndFamily(t *testing.T) {
	s := startSSHD(t, "")
	cfg := s.resolve("box", func(o *Options) { o.Bind = "127.0.0.77" })
	if err := client(t, cfg, nil).Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	if log, _ := os.ReadFile(s.log); !strings.Contains(string(log), "Connection from 127.0.0.77") {
		t.Error("another address was used")
	}
	cfg = s.resolve("box", func(o *Options) { o.Set = []string{"BindInterface=lo", "IPQoS=ef", "TCPKeepAlive=no"} })
	if err := client(t, cfg, nil).Connect(short(t)); err != nil {
		t.Error(err)
	}
	cfg = s.resolve("box", func(o *Options) { o.Family = 6 })
	if err := client(t, cfg, nil).Connect(short(t)); err == nil {
		t.Error("an IPv4 address was reached by IPv6")
	}
}
