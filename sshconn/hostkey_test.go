package sshconn

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// known returns the line that records a host key of the server.
func (s *sshd) known(kind string) string {
	s.t.Helper()
	pub, err := os.ReadFile(filepath.Join(s.dir, "host_"+kind+".pub"))
	if err != nil {
		s.t.Fatal(err)
	}
	f := strings.Fields(string(pub))
	return fmt.Sprintf("%s %s %s\n", hostName("127.0.0.1", s.port), f[0], f[1])
}

func TestHostKeysAreUpdated(t *testing.T) {
	s := startSSHD(t, "", "ed25519", "rsa", "ecdsa")
	old := makeKey(t, s.dir, "host_old", "ed25519", "")
	if old == "" {
		t.Fatal("no key")
	}
	other := "# a comment\nother " + strings.SplitN(s.known("old"), " ", 2)[1]
	ed, all := s.known("ed25519"), s.known("ecdsa")+s.known("rsa")
	name := hostName("127.0.0.1", s.port)
	for _, c := range []struct{ name, before, after, update string }{
		{"new keys", ed, ed + all, "yes"},
		{"switched off", ed, ed, "no"},
		{"old key goes", "# x\n" + s.known("old") + ed + "\n\tjunk", "# x\n" + ed + "\n\tjunk\n" + all, "yes"},
		{"old key of another name stays", other + s.known("old") + ed, other + s.known("old") + ed, "yes"},
		{"found without the port", strings.Replace(ed, name, "127.0.0.1", 1), strings.Replace(ed, name, "127.0.0.1", 1), "yes"},
		{"list of names", strings.Replace(ed, name, name+",x", 1), strings.Replace(ed, name, name+",x", 1), "yes"},
		{"pattern", strings.Replace(ed, name, "[127.0.0.1]:*", 1), strings.Replace(ed, name, "[127.0.0.1]:*", 1), "yes"},
		{"asked: yes", ed, ed + all, "ask"},
	} {
		file := s.write("known_update", c.before)
		cfg := s.resolve("box", nil)
		cfg.UserKnownHosts, cfg.UpdateHostKeys, cfg.StrictHostKeyChecking = []string{file}, c.update, "yes"
		added := make(chan Event, 100)
		cl := NewClient(cfg, &script{answers: []string{"yes"}}, func(e Event) { added <- e })
		if err := cl.Connect(short(t)); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.before != c.after {
			waitFor(t, func() bool {
				got, _ := os.ReadFile(file)
				return sameLines(string(got), c.after)
			})
		}
		cl.Close()
		if got, _ := os.ReadFile(file); !sameLines(string(got), c.after) {
			t.Errorf("%s: the file is\n%s\nwant\n%s", c.name, got, c.after)
		}
	}
}

// sameLines tells whether two files have the same lines, those that were added
// in any order.
func sameLines(a, b string) bool {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	count := map[string]int{}
	for _, l := range x {
		count[l]++
	}
	for _, l := range y {
		count[l]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestRevokedHostKeys(t *testing.T) {
	s := startSSHD(t, "", "ed25519")
	pub := filepath.Join(s.dir, "host_ed25519.pub")
	other := makeKey(t, s.dir, "another", "ed25519", "") + ".pub"
	otherText, _ := os.ReadFile(other)
	krl := func(name string, from ...string) string {
		path := filepath.Join(s.dir, name)
		run(t, "ssh-keygen", append([]string{"-q", "-k", "-f", path}, from...)...)
		return path
	}
	text, _ := os.ReadFile(pub)
	hash := s.write("hashes", "sha256: "+string(text))
	sha1 := s.write("sha1", "sha1: "+string(text))
	for name, c := range map[string]struct {
		file    string
		refused bool
	}{
		"list":                {pub, true},
		"list of others":      {other, false},
		"list with comments":  {s.write("comments", "# revoked\n\n \t"+string(otherText)), false},
		"list with an option": {s.write("option", `from="x" `+string(otherText)), true},
		"list with more":      {s.write("more", string(otherText)+"this is no key\n"), true},
		"KRL":                 {krl("krl1", pub), true},
		"KRL of hashes":       {krl("krl2", hash), true},
		"KRL of SHA-1":        {krl("krl3", sha1), true},
		"KRL of others":       {krl("krl4", other), false},
		"missing":             {"/no/such/file", true},
		"a broken KRL":        {s.write("broken", krlMagic+"\x00\x00\x00\x01junk"), true},
		"KRL, other version":  {s.write("version", krlMagic+"\x00\x00\x00\x09"), true},
	} {
		cfg := s.resolve("box", func(o *Options) { o.Set = []string{"RevokedHostKeys=" + c.file} })
		err := client(t, cfg, nil).Connect(short(t))
		var refused *HostKeyError
		if c.refused != (errors.As(err, &refused) && refused.Kind == Revoked) || !c.refused && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRevokedCertificate(t *testing.T) {
	f := hostKeyServer(t)
	spec := f.write("spec", "serial: 7\nid: nobody\n")
	named := f.write("named", "id: host\n")
	numbers := f.write("numbers", "serial: 50-900000\n")
	known := f.write("known_ca", f.fill("@cert-authority * {ca}\n"))
	for name, c := range map[string]struct {
		spec    string
		refused bool
	}{"by number": {spec, true}, "by name": {named, true}, "other numbers": {numbers, false}} {
		krl := filepath.Join(f.dir, "krl")
		run(t, "ssh-keygen", "-q", "-k", "-f", krl, "-s", f.authority+".pub", c.spec)
		config := f.write("cert_config", strings.Replace(f.clientConfig("AddressFamily inet"), "HostName 127.0.0.1", "HostName localhost", 1))
		cfg := f.resolve("box", func(o *Options) {
			o.ConfigFile = config
			o.Set = []string{"RevokedHostKeys=" + krl, "UserKnownHostsFile=" + known, "StrictHostKeyChecking=yes"}
		})
		err := client(t, cfg, nil).Connect(short(t))
		var refused *HostKeyError
		if c.refused != (errors.As(err, &refused) && refused.Kind == Revoked) || !c.refused && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKnownHostsCommand(t *testing.T) {
	s := startSSHD(t, "", "ed25519", "rsa")
	calls := filepath.Join(s.dir, "calls")
	text, _ := os.ReadFile(filepath.Join(s.dir, "host_rsa.pub"))
	f := strings.Fields(string(text))
	script := s.write("known.sh", "#!/bin/sh\necho \"$@\" >> "+calls+"\necho \"$1 "+f[0]+" "+f[1]+"\"\n")
	if err := os.Chmod(script, 0o700); err != nil {
		t.Fatal(err)
	}
	cfg := s.resolve("box", func(o *Options) {
		o.Set = []string{"KnownHostsCommand=" + script + " %H %I %t \"a b\"", "UserKnownHostsFile=none", "StrictHostKeyChecking=yes"}
	})
	if err := client(t, cfg, nil).Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	name := hostName("127.0.0.1", s.port)
	want := name + " ORDER NONE a b\n" + name + " HOSTNAME ssh-rsa a b\n"
	if got, _ := os.ReadFile(calls); string(got) != want {
		t.Errorf("called with\n%swant\n%s", got, want)
	}
	cfg.KnownHostsCommand = "/bin/false"
	var failed *ConfigError
	if err := client(t, cfg, nil).Connect(short(t)); !errors.As(err, &failed) {
		t.Errorf("a command that fails: %v", err)
	}
}

func TestAlgorithmsThatAreNotImplemented(t *testing.T) {
	s := startSSHD(t, "")
	for _, set := range []string{"Ciphers=aes192-cbc", "MACs=umac-64@openssh.com", "KexAlgorithms=sntrup761x25519-sha512@openssh.com"} {
		cfg := s.resolve("box", func(o *Options) { o.Set = []string{set} })
		var failed *ConfigError
		if err := client(t, cfg, nil).Connect(short(t)); !errors.As(err, &failed) {
			t.Errorf("%s: %v", set, err)
		}
	}
	for _, set := range []string{"Ciphers=aes256-ctr", "MACs=hmac-sha2-512", "KexAlgorithms=ecdh-sha2-nistp521", "RekeyLimit=1M"} {
		cfg := s.resolve("box", func(o *Options) { o.Set = []string{set} })
		conn, err := client(t, cfg, nil).DialContext(short(t), "tcp", echoServer(t))
		if err != nil {
			t.Errorf("%s: %v", set, err)
			continue
		}
		exchange(t, conn, 5<<20)
	}
}
