package sshconn

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// situation is a configuration and a command line that ssh -G and this package
// are both asked about.
type situation struct {
	config string
	alias  string
	opts   Options
	plain  bool // read without an ssh binary as well
}

// sshSays runs ssh -G and returns the directives that have an effect here.
func sshSays(t *testing.T, s situation, file string) (string, bool) {
	t.Helper()
	args := []string{"-G", "-F", file}
	o := s.opts
	o.ConfigFile = ""
	args = append(args, o.arguments()...)
	cmd := exec.Command(program(t, "ssh"), append(args, "--", s.alias)...)
	var out bytes.Buffer
	cmd.Stdout = &out
	if cmd.Run() != nil {
		return "", false
	}
	values := map[string][]string{}
	for line := range strings.Lines(out.String()) {
		if key, v, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			values[key] = append(values[key], v)
		}
	}
	var b strings.Builder
	for _, key := range honoured() {
		for _, v := range values[key] {
			fmt.Fprintf(&b, "%s %s\n", key, v)
		}
	}
	return b.String(), true
}

// compare checks a situation: equal, refused by both, or refused by name because
// it takes an ssh binary, which is what it returns.
func compare(t *testing.T, r resolver, s situation) (needsSSH bool) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "config")
	os.MkdirAll(filepath.Join(dir, "d"), 0o755)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config", s.config)
	write("d/10-a.conf", "Port 1010\n")
	write("d/20-b.conf", "Host inc\n  Port 2020\n")
	write("match.conf", "Port 2020\nMatch host minc\n User minc\n")
	write("d/.hidden.conf", "Port 6666\n")
	write("plain.conf", "User included\n")
	write("bad.conf", "NoSuchThing yes\n")
	want, ok := sshSays(t, s, file)
	o := s.opts
	o.ConfigFile, o.Env = file, os.Getenv
	o.complete()
	var got bytes.Buffer
	var named *ConfigError
	set, err := r.read(t.Context(), s.alias, &o)
	switch {
	case err == nil && !ok:
		t.Errorf("ssh refuses what is accepted here: %q %+v\n%s", s.alias, s.opts, s.config)
	case err != nil && !errors.As(err, &named):
		t.Errorf("untyped error %v", err)
	case err != nil && ok && (s.plain || !named.NeedsSSH):
		t.Errorf("refused: %v\n%s", err, s.config)
	case err != nil && ok && len(s.opts.Set) == 0 && named.File == "" && !strings.Contains(s.config, "Canonic"):
		t.Errorf("refused without a place: %v", err)
	case err == nil:
		(&Config{settings: set}).WriteG(&got)
		if got.String() != want {
			t.Errorf("%s\n%s", s.config, difference(want, got.String()))
		}
	}
	return err != nil && ok
}

// difference lists lines that only one side has.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for _, l := range w {
		if !slices.Contains(g, l) {
			fmt.Fprintf(&b, "  ssh:  %s\n", l)
		}
	}
	for _, l := range g {
		if !slices.Contains(w, l) {
			fmt.Fprintf(&b, "  here: %s\n", l)
		}
	}
	if b.Len() == 0 {
		return "  same lines in another order"
	}
	return b.String()
}

func TestResolvesAsSSH(t *testing.T) {
	t.Setenv("FTPTUNNEL_TEST_VALUE", "from-env")
	all := slices.Concat(trickySituations(), valueSituations(), generatedSituations(100, anyBlocks), generatedSituations(120, plainBlocks),
		garbledSituations(100))
	needSSH := 0
	defer func() {
		t.Logf("%d configurations, of which %d take an ssh binary and are refused without one", len(all), needSSH)
	}()
	if len(all) < 250 {
		t.Errorf("only %d configurations", len(all))
	}
	ssh := program(t, "ssh")
	for i, s := range all {
		name := fmt.Sprintf("%03d %.30s", i, strings.NewReplacer("\n", ";", "/", "|", "#", "no.").Replace(s.config))
		t.Run("hidden/"+name, func(t *testing.T) {
			if compare(t, fileResolver{}, s) {
				needSSH++
			}
		})
		if i%10 == 0 {
			t.Run("present/"+name, func(t *testing.T) { compare(t, binaryResolver{ssh}, s) })
		}
	}
}

// garbledSituations makes lines of what splitting them must not stumble over.
func garbledSituations(n int) []situation {
	rnd := rand.New(rand.NewPCG(3, 4))
	pick := func(from ...string) string { return from[rnd.IntN(len(from))] }
	var all []situation
	for range n {
		var b strings.Builder
		for range 2 {
			b.WriteString(pick("User", "Host", "IdentityFile", "UserKnownHostsFile", "ProxyCommand", "Include", "Match all",
				"IgnoreUnknown", "ProxyJump", "IdentityAgent", "ControlPath", "LocalCommand", "BindAddress", "\"User\"", "NoSuch"))
			b.WriteString(pick(" ", "=", " = ", "\t"))
			for range 1 + rnd.IntN(4) {
				b.WriteString(pick("a", "box", "#", "\"", "'", "\\", "=", " ", "\t", "?", "*", "!", ",", "%h", "~", "\r", "\f", "\x01",
					"b c", " # x", "\"a b\"", "none", "é", "\xff", "\u00a0", "${HOME}", "-"))
			}
			b.WriteString(pick("\n", "\n", "\r\n", ""))
		}
		all = append(all, situation{config: b.String() + "HostKeyAlias end\n", alias: "box"})
	}
	return all
}

// Lines that begin a block, in generated configurations: without an ssh binary
// only the first are read.
var (
	plainBlocks = []string{"Host box\n", "Host *\n", "Host b?x other\n", "Host * !box\n", "Host !other *\n", "Match all\n",
		"Host real.example.org\n", "Host\tbox\tother\n", "Host \"box\"\n", "Host=bo*\n", "Include DIR/d/*.conf\n",
		"Include \"DIR/plain.conf\" # why\n"}
	anyBlocks = append([]string{"Match host box\n", "Match host 10.*,box user root\n", "Match !host other\n",
		"Match originalhost bo*\n", "Match user bob exec \"true\"\n", "Match final\n", "Match host real.example.org\n",
		"Match final host real*\n", "Match exec \"test %n = box\"\n", "Match canonical\n", "Match localuser root,me\n"},
		plainBlocks...)
)

// generatedSituations makes configurations of random blocks, the same ones each
// time.
func generatedSituations(n int, blocks []string) []situation {
	rnd := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[rnd.IntN(len(from))] }
	var all []situation
	for range n {
		var b strings.Builder
		for range 1 + rnd.IntN(5) {
			b.WriteString(pick(blocks...))
			for range 1 + rnd.IntN(4) {
				b.WriteString("  " + pick("User bob", "User=alice", "Port 2222", "Port = 22", "HostName real.example.org",
					"HostName %h.example.org", "HostName 192.0.2.7", "IdentityFile ~/.ssh/id_x", "IdentityFile /k/%h-%r", "IdentityFile \"~/my keys/id\" # mine",
					"IdentitiesOnly yes", "ProxyJump a,b@c:23", "ProxyJump none", "ProxyCommand nc %h %p", "ProxyCommand none",
					"ServerAliveInterval 2m", "ServerAliveCountMax 7", "ConnectTimeout 10", "ConnectTimeout 1h30m",
					"StrictHostKeyChecking no", "StrictHostKeyChecking accept-new", "UserKnownHostsFile ~/kh /tmp/kh2",
					"UserKnownHostsFile none", "HostKeyAlias ALIAS", "Ciphers aes128-ctr,aes256-ctr", "Ciphers -aes*",
					"Ciphers ^aes256-gcm@openssh.com", "MACs +hmac-sha1", "KexAlgorithms -*sha1,ecdh*",
					"HostKeyAlgorithms ^ssh-rsa", "HostKeyAlgorithms +ssh-rsa", "PubkeyAcceptedAlgorithms +ssh-dss,ssh-rsa",
					"BatchMode yes", "AddressFamily inet6", "BindAddress 127.0.0.1", "HashKnownHosts yes",
					"PreferredAuthentications publickey,password", "IdentityAgent none", "IdentityAgent ~/agent-%u",
					"CertificateFile ~/c-cert.pub", "AddKeysToAgent confirm 5m", "RekeyLimit 1G 1h", "IPQoS ef",
					"ControlPath ~/.ssh/cm-%C", "ControlPath /tmp/%r@%h:%p", "LogLevel verbose", "UpdateHostKeys ask",
					"NumberOfPasswordPrompts 1", "LocalForward 8080 localhost:80", "SendEnv LANG LC_*",
					"RequiredRSASize 2048", "VerifyHostKeyDNS yes", "Compression yes") + "\n")
			}
		}
		s := situation{config: b.String(), alias: pick("box", "other", "bob@box", "BOX", "ssh://bob@box:2022", "192.0.2.1"),
			plain: len(blocks) == len(plainBlocks)}
		if rnd.IntN(4) == 0 {
			s.opts.Login = "carol"
		}
		if rnd.IntN(6) == 0 {
			s.opts.Port = 4444
		}
		if rnd.IntN(6) == 0 {
			s.opts.Set = []string{pick("User=zed", "Port 99", "ProxyJump=x", "IdentitiesOnly=no", "HostName=%h.zed")}
		}
		if rnd.IntN(10) == 0 {
			s.opts.Jump = pick("gate", "u@gate:2200,inner", "[2001:db8::1]:22")
		}
		all = append(all, s)
	}
	return all
}
