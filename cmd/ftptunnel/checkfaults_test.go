package main

import (
	"maps"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ftptunnel/sshconn"
	"ftptunnel/testenv"
	"ftptunnel/tunnel"
)

// passiveRefused are the replies of a server without passive mode.
var passiveRefused = map[string]string{"PASV": "502 No.", "EPSV": "502 No."}

// closedPort returns an address where nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// checkFault is a prepared fault: what is wrong, the hops that fail for it,
// and words of the remedy.
type checkFault struct {
	name     string
	ssh      testenv.SSHOptions
	ftp      testenv.FTPOptions
	prepare  func(*checkScene)
	fails    string
	remedy   []string
	untested int
}

const allModes = "EPSV, PASV, EPRT, PORT"

var checkFaults = []checkFault{
	{name: "sshd off", fails: "connect", untested: 12,
		prepare: func(c *checkScene) { c.at = closedPort(c.t) },
		remedy:  []string{"systemctl enable --now ssh", "-p PORT"}},
	{name: "wrong key", fails: "login", untested: 10,
		ssh:    testenv.SSHOptions{Auth: testenv.SSHAuth{OnlyKeys: true}},
		remedy: []string{"in authorized_keys of tester: the line of ", "key.pub"}},
	{name: "forwarding off", fails: "forward", untested: 7,
		prepare: func(c *checkScene) { c.ssh.RefuseDirect(true); c.ssh.RefuseForward(true) },
		remedy:  []string{"in sshd_config on 127.0.0.1: AllowTcpForwarding yes"}},
	{name: "permitopen, the control port", fails: "forward", untested: 7,
		prepare: func(c *checkScene) { c.ssh.PermitOpen("127.0.0.1:1") },
		remedy:  []string{"in sshd_config on 127.0.0.1: PermitOpen 127.0.0.1:*"}},
	{name: "permitopen, the data ports", fails: allModes,
		prepare: func(c *checkScene) { c.ssh.PermitOpen(c.ftp.Addr()); c.ssh.RefuseForward(true) },
		remedy:  []string{"in sshd_config on 127.0.0.1: PermitOpen 127.0.0.1:*", "AllowTcpForwarding yes"}},
	{name: "FTP down", fails: "forward", untested: 7,
		prepare: func(c *checkScene) { c.target = closedPort(c.t) },
		remedy:  []string{"on 127.0.0.1: systemctl start vsftpd", "ftptunnel 127.0.0.1 host:port"}},
	{name: "SSH on the FTP port", fails: "ftp", untested: 6,
		prepare: func(c *checkScene) { c.target = c.ssh.Addr() },
		remedy:  []string{"ftptunnel 127.0.0.1 host:21"}},
	{name: "FTPS only", fails: "features", untested: 5,
		ftp:    testenv.FTPOptions{RequireTLS: true},
		remedy: []string{"vsftpd.conf: force_local_logins_ssl=NO", "--tls pass"}},
	{name: "PASV refused", fails: allModes,
		ftp:     testenv.FTPOptions{Faults: testenv.Faults{Replies: passiveRefused}},
		prepare: func(c *checkScene) { c.ssh.RefuseForward(true) },
		remedy:  []string{"vsftpd.conf: pasv_enable=YES", "AllowTcpForwarding yes"}},
	{name: "GatewayPorts yes", fails: "remote forward",
		ssh:    testenv.SSHOptions{GatewayPorts: "yes"},
		remedy: []string{"in sshd_config on 127.0.0.1: GatewayPorts no", "--server-mode passive"}},
	{name: "GatewayPorts yes, accepted", fails: "remote forward",
		ssh:     testenv.SSHOptions{GatewayPorts: "yes"},
		prepare: func(c *checkScene) { c.options = []string{"--server-mode", "active"} },
		remedy:  []string{"in sshd_config on 127.0.0.1: GatewayPorts no"}},
	{name: "a closed passive port", fails: allModes,
		ftp:     testenv.FTPOptions{Faults: testenv.Faults{DeadPort: true}},
		prepare: func(c *checkScene) { c.ssh.RefuseForward(true) },
		remedy:  []string{"pasv_min_port=50000", "iptables -I INPUT -p tcp -s 127.0.0.1 --dport 50000:50100 -j ACCEPT"}},
	{name: "DNS", fails: "connect", untested: 12,
		prepare: func(c *checkScene) { c.host = "no-such-host.invalid" },
		remedy:  []string{"is neither a Host in ssh_config nor a name in DNS: -o HostName=ADDRESS"}},
	{name: "DNS, a file of -F", fails: "connect", untested: 12,
		prepare: func(c *checkScene) {
			c.host = "no-such-host.invalid"
			c.write("hosts", nil)
			c.options = []string{"-F", filepath.Join(c.home, "hosts")}
		},
		remedy: []string{"hosts, below Host no-such-host.invalid: HostName ADDRESS"}},
	{name: "DNS, the target", fails: "forward", untested: 7,
		prepare: func(c *checkScene) { c.target = "no-such-host.invalid:21" },
		remedy:  []string{"ssh 127.0.0.1 getent hosts no-such-host.invalid"}},
	{name: "slow host", fails: "host key", untested: 11,
		prepare: func(c *checkScene) { c.ssh.Freeze(); c.options = []string{"-o", "ConnectTimeout=1"} },
		remedy:  []string{"-o ConnectTimeout=60", "UseDNS no"}},
	{name: "slow host, FTP", fails: "ftp", untested: 6,
		ftp:     testenv.FTPOptions{Faults: testenv.Faults{Silent: true}},
		prepare: func(c *checkScene) { c.options = []string{"-o", "ConnectTimeout=1"} },
		remedy:  []string{"reverse_lookup_enable=NO", "-o ConnectTimeout=60"}},
	{name: "room for nobody", fails: "ftp", untested: 6,
		ftp:    testenv.FTPOptions{Faults: testenv.Faults{Greeting: "421 Too many users."}},
		remedy: []string{"try again later"}},
	{name: "anonymous refused", fails: "ftp login", untested: 4,
		ftp:    testenv.FTPOptions{Users: map[string]string{"ann": "x"}},
		remedy: []string{"in ~/.netrc: machine 127.0.0.1 login USER"}},
}

// Each fault is seen at its hop, with a remedy that is right, and what depends
// on it is not tested.
func TestCheckFaults(t *testing.T) {
	for _, fault := range checkFaults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			c := newCheckScene(t, fault.ssh, fault.ftp)
			if fault.prepare != nil {
				fault.prepare(c)
			}
			f := c.check()
			f.fails(t, fault.fails, fault.remedy...)
			if n := f.untested(); n != fault.untested {
				t.Errorf("%d hops depend on it, want %d", n, fault.untested)
			}
		})
	}
}

// What is bridged works, says why, and where passive mode is broken there is a
// remedy all the same.
func TestCheckBridged(t *testing.T) {
	for _, c := range []struct {
		name    string
		faults  testenv.Faults
		remote  bool // remote forwards are permitted
		bridged string
		why     string
		remedy  string
	}{
		{"PASV refused", testenv.Faults{Replies: passiveRefused}, true, "EPSV PASV", "the server refused ", "pasv_enable=YES"},
		{"closed passive port", testenv.Faults{DeadPort: true}, true, "EPSV PASV", "Connection refused", "iptables -I INPUT"},
		{"no remote forward", testenv.Faults{}, false, "EPRT PORT", "does not permit remote forwards", ""},
		{"PORT refused", testenv.Faults{Replies: map[string]string{"PORT": "500 Illegal PORT command.", "EPRT": "500 No."}},
			true, "EPRT PORT", "the server refused E", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newCheckScene(t, testenv.SSHOptions{}, testenv.FTPOptions{Faults: c.faults})
			s.ssh.RefuseForward(!c.remote)
			f := s.check()
			f.fails(t, "")
			for _, mode := range strings.Split("EPSV PASV EPRT PORT", " ") {
				h := f[mode]
				want := strings.Contains(c.bridged, mode)
				if h.Result != hopOK || h.Bridged != want {
					t.Errorf("%+v", h)
				}
				if want && (!strings.Contains(h.Detail, c.why) && !strings.Contains(h.Detail, "refused P") || !strings.Contains(strings.Join(h.Remedy, "\n"), c.remedy)) {
					t.Errorf("%+v", h)
				}
			}
		})
	}
}

// The line for authorized_keys is where the file that was tried says.
func TestShowKey(t *testing.T) {
	for tried, want := range map[string]string{
		"publickey SHA256:x /home/me/id":             "/home/me/id.pub (here: ssh-keygen -yf /home/me/id)",
		"publickey SHA256:x /home/me/my keys/id":     "/home/me/my keys/id.pub (here: ssh-keygen -yf '/home/me/my keys/id')",
		"publickey SHA256:x /home/me/id.pub":         "/home/me/id.pub",
		"publickey SHA256:x /home/me/id.pub (agent)": "/home/me/id.pub",
		"publickey SHA256:x /home/me/id (agent)":     "",
		"publickey SHA256:x me@home (agent)":         "",
		"publickey SHA256:x /home/me/id-cert.pub":    "",
		"publickey SHA256:x":                         "", "password": "",
	} {
		if got := showKey(tried); got != want {
			t.Errorf("%q: %q, want %q", tried, got, want)
		}
	}
}

// What is bridged because the user says so is in order, and needs no remedy.
func TestCheckForced(t *testing.T) {
	for _, mode := range []string{"passive", "active"} {
		c := newCheckScene(t, testenv.SSHOptions{}, testenv.FTPOptions{})
		c.options = []string{"--server-mode", mode}
		f := c.check()
		f.fails(t, "")
		for _, verb := range []string{"EPSV", "PASV", "EPRT", "PORT"} {
			h := f[verb]
			if h.Bridged != (active(verb) != (mode == "active")) || len(h.Remedy) > 0 {
				t.Errorf("%s: %+v", mode, h)
			}
		}
	}
}

// An address that --data-host reply obeys may be one that leads nowhere.
func TestCheckReplyHost(t *testing.T) {
	c := &check{
		program: &program{options: &options{replyHost: true}}, cfg: &sshconn.Config{HostName: "gate"},
		forward: forward{host: "localhost", hostPort: 21},
	}
	for address, want := range map[string]bool{"192.0.2.7:20000": true, "127.0.0.1:20000": false} {
		got := strings.Join(c.passiveRemedy(address, ""), "\n")
		if strings.Contains(got, "names the host 192.0.2.7: without --data-host reply it is localhost that is dialled") != want {
			t.Errorf("%s: %s", address, got)
		}
	}
	hint := (&teller{program: c.program}).dataHint(tunnel.DataFailed{End: tunnel.Server})
	if !strings.Contains(hint, "; without --data-host reply ") {
		t.Errorf("the hint of a tunnel: %s", hint)
	}
}

// One dialect that is refused costs nothing: the other carries both.
func TestCheckDialect(t *testing.T) {
	replies := maps.Clone(passiveRefused)
	delete(replies, "PASV")
	c := newCheckScene(t, testenv.SSHOptions{}, testenv.FTPOptions{Faults: testenv.Faults{Replies: replies}})
	f := c.check()
	if h := f["EPSV"]; h.Result != hopOK || h.Server != "PASV" || h.Bridged {
		t.Errorf("%+v", h)
	}
}

// A long link is slow and in order.
func TestCheckSlowLink(t *testing.T) {
	c := newCheckScene(t, testenv.SSHOptions{}, testenv.FTPOptions{})
	link, err := testenv.NewDelayLine(c.ssh.Addr(), 60*time.Millisecond, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	c.at = link.Addr()
	f := c.check()
	f.fails(t, "")
	if h := f["forward"]; h.Seconds < 0.12 {
		t.Errorf("%+v", h)
	}
}

// A server that offers TLS and does not insist on it is in order.
func TestCheckTLSOffered(t *testing.T) {
	config, _, err := testenv.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	c := newCheckScene(t, testenv.SSHOptions{}, testenv.FTPOptions{TLS: config})
	f := c.check()
	f.fails(t, "")
	if h := f["features"]; h.TLS != "offered" {
		t.Errorf("%+v", h)
	}
}
