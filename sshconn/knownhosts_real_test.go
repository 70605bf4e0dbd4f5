package sshconn

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// hostFixture is a real sshd with four host keys, two of them with a
// certificate, and what known_hosts files are written from.
type hostFixture struct {
	*sshd
	keys      map[string]string // "type base64" by kind; ca and other are not the server's
	authority string            // path of the authority's key
}

func hostKeyServer(t *testing.T) *hostFixture {
	t.Helper()
	keys := t.TempDir()
	f := &hostFixture{keys: map[string]string{}}
	read := func(kind, path string) {
		pub, err := os.ReadFile(path + ".pub")
		if err != nil {
			t.Fatal(err)
		}
		words := strings.Fields(string(pub))
		f.keys[kind] = words[0] + " " + words[1]
	}
	for _, kind := range []string{"ca", "otherca"} {
		read(kind, makeKey(t, keys, kind, "ed25519", ""))
	}
	for _, kind := range []string{"ed25519", "rsa", "ecdsa"} {
		read("other-"+kind, makeKey(t, keys, "other-"+kind, kind, ""))
	}
	f.authority = filepath.Join(keys, "ca")
	p521 := filepath.Join(keys, "p521")
	run(t, program(t, "ssh-keygen"), "-q", "-t", "ecdsa", "-b", "521", "-N", "", "-f", p521)
	read("p521", p521)
	certs := "MaxStartups 100\n"
	for _, kind := range []string{"ed25519", "rsa"} {
		key := makeKey(t, keys, "host_"+kind, kind, "")
		read(kind, key)
		run(t, program(t, "ssh-keygen"), "-q", "-s", f.authority, "-I", "host", "-z", "7", "-h", "-n", "localhost", key+".pub")
		certs += fmt.Sprintf("HostKey %s\nHostCertificate %s-cert.pub\n", key, key)
	}
	certs += "HostKey " + p521 + "\n"
	f.sshd = startSSHD(t, certs, "ecdsa")
	read("ecdsa", filepath.Join(f.dir, "host_ecdsa"))
	return f
}

// knownSituation is a known_hosts file; H, P and {kind} stand for the host, its
// port and a key.
type knownSituation struct {
	name, file, extra string
}

func (f *hostFixture) fill(s string) string {
	s = strings.NewReplacer("H:P", fmt.Sprintf("[localhost]:%d", f.port)).Replace(s)
	for kind, key := range f.keys {
		s = strings.ReplaceAll(s, "{"+kind+"}", key)
	}
	return s
}

var knownSituations = []knownSituation{
	{"empty", "", ""},
	{"only ed25519", "H:P {ed25519}\n", ""},
	{"only rsa", "H:P {rsa}\n", ""},
	{"only ecdsa", "H:P {ecdsa}\n", ""},
	{"only nistp521", "H:P {p521}\n", ""},
	{"entry without port", "localhost {ed25519}\n", ""},
	{"other key without port", "localhost {other-ed25519}\n", ""},
	{"garbage elsewhere", "!!! garbage\nx\n\x00\xff\nH:P\nH:P ssh-ed25519\nH:P ssh-ed25519 AAAA\nH:P {ed25519}\n", ""},
	{"garbage first on the line", "@bogus H:P {ed25519}\nH:P {ed25519}\n", ""},
	{"unknown type elsewhere", "H:P ssh-future AAAAC3Nz\nother ssh-future AAAAC3Nz\nH:P {ed25519}\n", ""},
	{"ssh1 line elsewhere", "other 1024 35 1234567890\nH:P 1024 35 1234\nH:P {rsa}\n", ""},
	{"revoked key of another host", "@revoked other {other-ed25519}\nH:P {ed25519}\n", ""},
	{"this key revoked for another host", "@revoked other {ed25519}\nH:P {ed25519}\n", ""},
	{"revoked", "@revoked H:P {ed25519}\nH:P {ed25519}\n", ""},
	{"revoked for all", "H:P {ed25519}\n@revoked * {ed25519}\n", ""},
	{"revoked, another recorded", "@revoked * {ed25519}\nH:P {rsa}\n", ""},
	{"upper case entry", "[LOCALHOST]:P {ed25519}\n", ""},
	{"upper case host", "H:P {ed25519}\n", "HostName LOCALHOST\n"},
	{"wildcard entry", "[local*]:* {ed25519}\n", ""},
	{"wildcard for all", "* {ed25519}\n", ""},
	{"wildcard without port", "local* {ed25519}\n", ""},
	{"question mark", "[localhos?]:* {ed25519}\n", ""},
	{"certificate, plain key recorded", "H:P {rsa}\n", "HostKeyAlgorithms rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-512\n"},
	{"certificate, another key recorded", "H:P {other-rsa}\n", "HostKeyAlgorithms rsa-sha2-512-cert-v01@openssh.com\n"},
	{"authority for all", "@cert-authority * {ca}\n", ""},
	{"authority for h", "@cert-authority localhost {ca}\n", ""},
	{"authority for [h]:p", "@cert-authority H:P {ca}\n", ""},
	{"authority for [h]:*", "@cert-authority [localhost]:* {ca}\n", ""},
	{"authority for another", "@cert-authority other {ca}\n", ""},
	{"another authority", "@cert-authority * {otherca}\n", ""},
	{"another authority and key", "@cert-authority * {otherca}\nH:P {ed25519}\n", ""},
	{"authority and plain key", "@cert-authority * {ca}\nH:P {ecdsa}\n", ""},
	{"authority and other plain key", "@cert-authority * {ca}\nH:P {other-ed25519}\n", ""},
	{"authority revoked", "@cert-authority * {ca}\n@revoked * {ca}\n", ""},
	{"authority for other name", "@cert-authority * {ca}\n", "HostKeyAlias other\n"},
	{"authority, signature refused", "@cert-authority * {ca}\n", "CASignatureAlgorithms rsa-sha2-512\n"},
	{"two keys, first right", "H:P {ed25519}\nH:P {other-ed25519}\n", ""},
	{"two keys, second right", "H:P {other-ed25519}\nH:P {ed25519}\n", ""},
	{"negated pattern", "*,!H:P {ed25519}\n", ""},
	{"negated other", "*,!other {ed25519}\n", ""},
	{"list of names", "other,H:P,third {ed25519}\n", ""},
	{"changed ed25519", "H:P {other-ed25519}\n", ""},
	{"changed ed25519, right rsa", "H:P {other-ed25519}\nH:P {rsa}\n", ""},
	{"changed rsa, right ed25519", "H:P {other-rsa}\nH:P {ed25519}\n", ""},
	{"other type recorded, algorithm set", "H:P {rsa}\n", "HostKeyAlgorithms ssh-ed25519\n"},
	{"no newline at the end", "other {other-ed25519}", ""},
	{"carriage returns", "H:P {ed25519}\r\n", ""},
	{"blank lines and comments", "\n  # H:P {other-ed25519}\n\t H:P   {ed25519}   comment here\n", ""},
	{"alias", "name {ed25519}\n", "HostKeyAlias NAME\n"},
	{"alias, other recorded for host", "H:P {other-ed25519}\n", "HostKeyAlias name\n"},
	{"too small", "H:P {rsa}\n", "RequiredRSASize 4096\nHostKeyAlgorithms rsa-sha2-512\n"},
	{"localhost not checked", "H:P {other-ed25519}\n", "NoHostAuthenticationForLocalhost yes\n"},
}

// prepare writes a situation into a folder of its own and returns the
// configuration and the known_hosts file.
func (f *hostFixture) prepare(t *testing.T, s knownSituation, text string) (config, known string) {
	t.Helper()
	dir := t.TempDir()
	known = filepath.Join(dir, "known_hosts")
	config = filepath.Join(dir, "config")
	if err := os.WriteFile(known, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := fmt.Sprintf("Host box\n%s\nHostName localhost\nAddressFamily inet\nPort %d\nUser %s\nIdentityFile %s\nIdentitiesOnly yes\n"+
		"UserKnownHostsFile %s\nGlobalKnownHostsFile none\nUpdateHostKeys no\nBatchMode yes\nPreferredAuthentications none\n",
		s.extra, f.port, userName(), f.userKey, known)
	if err := os.WriteFile(config, []byte(c), 0o600); err != nil {
		t.Fatal(err)
	}
	return config, known
}

func TestJudgesHostKeysAsSSH(t *testing.T) {
	f := hostKeyServer(t)
	bin := program(t, "ssh")
	hashed := knownSituation{name: "hashed", file: "HASHED H:P {ed25519}\n"}
	every := os.Getenv("FTPTUNNEL_REAL") == "1" // else each situation with one value
	for i, s := range append(knownSituations, hashed, knownSituation{name: "missing file", file: "MISSING"}) {
		text := strings.ReplaceAll(f.fill(s.file), "]:P", fmt.Sprintf("]:%d", f.port))
		if rest, ok := strings.CutPrefix(text, "HASHED "); ok {
			_, key, _ := strings.Cut(rest, " ")
			text = hashedField(hostName("localhost", f.port)) + " " + key
		}
		for j, strict := range []string{"yes", "ask", "accept-new", "no"} {
			if !every && (i+j)%4 != 0 {
				continue
			}
			t.Run(s.name+"/"+strict, func(t *testing.T) {
				t.Parallel()
				f.judge(t, bin, s, text, strict)
			})
		}
	}
}

// judge asks ssh and us about one situation: the verdicts must be the same, and
// the files afterwards.
func (f *hostFixture) judge(t *testing.T, bin string, s knownSituation, text, strict string) {
	config, known := f.prepare(t, s, text)
	reset := func() {
		if text == "MISSING" {
			os.Remove(known)
		} else {
			os.WriteFile(known, []byte(text), 0o600)
		}
	}
	reset()
	out, _ := exec.Command(bin, "-F", config, "-o", "StrictHostKeyChecking="+strict, "box").CombinedOutput()
	want := strings.Contains(string(out), "Permission denied") // and not before the login
	if strict == "no" && strings.Contains(string(out), "WARNING") {
		want = false // ssh goes on without forwarding, which is all that we are for
	}
	after, _ := os.ReadFile(known)
	reset()
	cfg, err := resolveBy(t.Context(), fileResolver{}, "box", Options{ConfigFile: config, Home: t.TempDir(),
		User: userName(), Set: []string{"StrictHostKeyChecking=" + strict}})
	if err != nil {
		t.Fatal(err)
	}
	err = client(t, cfg, nil).Connect(short(t))
	var login *AuthError
	if got := errors.As(err, &login); got != want {
		t.Errorf("ssh says %v, we say %v: %v\n%s", want, got, err, out)
	}
	ours, _ := os.ReadFile(known)
	if s.name == "no newline at the end" {
		ours = bytes.Replace(ours, []byte("\n["), []byte("["), 1) // ssh spoils the last line
	}
	if string(ours) != string(after) {
		t.Errorf("ssh leaves\n%s\nwe leave\n%s", after, ours)
	}
}
