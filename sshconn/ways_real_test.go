//go:build unix

package sshconn

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons"
)

// Dropbear with nothing but an Ed25519 key dies when another type is offered
// first, and never cancels a forward.
func TestDropbear(t *testing.T) {
	bear := daemons.Dropbear(t, daemons.SSHOptions{})
	s := startSSHD(t, "")
	config := daemons.SSHConfig(t,
		daemons.Alias{Name: "bear", Server: bear, Extra: []string{"GlobalKnownHostsFile none"}},
		daemons.Alias{Name: "unknown", Server: bear, Extra: []string{
			"StrictHostKeyChecking accept-new", "UserKnownHostsFile " + filepath.Join(t.TempDir(), "kh")}})
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	config = s.write("bear_config", s.clientConfig("ProxyJump bear")+string(text))
	for _, alias := range []string{"bear", "unknown", "box"} {
		c := client(t, s.resolve(alias, func(o *Options) { o.ConfigFile = config }), nil)
		conn, err := c.DialContext(short(t), "tcp", echoServer(t))
		if err != nil {
			t.Fatalf("%s: %v", alias, err)
		}
		exchange(t, conn, 1<<20)
	}
	c := client(t, s.resolve("bear", func(o *Options) { o.ConfigFile = config }), nil)
	retired := mustListen(t, c, "127.0.0.1:0")
	retired.Retire()
	l := mustListen(t, c, "127.0.0.1:0")
	if l.Addr().String() == retired.Addr().String() {
		t.Error("a retired port came back")
	}
	if !refused(t, retired.Addr().String()) {
		t.Error("a retired forward took a connection")
	}
	out, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	in, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	go func() { io.Copy(in, in); in.Close() }()
	exchange(t, out, 100_000)
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
