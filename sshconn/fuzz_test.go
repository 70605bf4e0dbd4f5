package sshconn

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"ftptunnel/testenv"
)

func fuzzKey(f *testing.F) ssh.PublicKey {
	signer, _, err := testenv.NewSSHKey("")
	if err != nil {
		f.Fatal(err)
	}
	return signer.PublicKey()
}

// Whatever a known_hosts file holds, taking a key out of it leaves every other
// line as it was, and what was taken out is not found afterwards.
func FuzzKnownHosts(f *testing.F) {
	key := fuzzKey(f)
	line := knownHostLine("h", key, false)
	for _, s := range []string{"", line, line + "\n", "#\n" + line + "\r\nx y z\n", "@revoked " + line, "|1|a|b ssh-rsa AAAA\n",
		knownHostLine("h", key, true), "*,!h ssh-ed25519 AAAA", "@cert-authority * x\n\x00"} {
		f.Add([]byte(s), "h")
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		for _, e := range parseKnownHosts(data, "file", name) {
			if e.line < 1 || e.line > bytes.Count(data, []byte("\n"))+1 || e.key == nil {
				t.Fatalf("line %d", e.line)
			}
		}
		if kept := withoutKeys(data, name, nil); !bytes.Equal(kept, data) {
			t.Fatalf("changed without a reason: %q", kept)
		}
		if strings.ContainsAny(name, " \t\r\n,*?!|#@") || name == "" || strings.ToLower(name) != name {
			return
		}
		with := append(append(bytes.Clone(data), '\n'), knownHostLine(name, key, false)+"\n"...)
		if v, _ := parseKnownHosts(with, "file", name).check(key); v != keyOK && v != keyRevoked {
			t.Fatalf("a recorded key is not found: %v", v)
		}
	})
}

// Whatever a configuration file holds, reading it ends in settings or in an
// error that names what is wrong.
func FuzzConfig(f *testing.F) {
	for _, s := range append(trickySituations(), valueSituations()...) {
		if !strings.Contains(s.config, "Include") {
			f.Add(s.config, s.alias)
		}
	}
	f.Fuzz(func(t *testing.T, text, alias string) {
		o := &Options{Home: "/h", User: "u", Env: func(string) string { return "e" }}
		r := newReader(o)
		low := strings.ToLower(text)
		if strings.Contains(low, "include") || strings.Contains(text, "~") {
			return // the reader opens no files here
		}
		err := r.commandLine(alias)
		if err == nil {
			err = r.text(text, "file")
		}
		if err == nil {
			err = r.hostname()
		}
		var s *settings
		if err == nil {
			s, err = r.finish()
		}
		var named *ConfigError
		if err != nil && !errors.As(err, &named) && !errors.Is(err, errSpec) {
			t.Fatalf("untyped: %v", err)
		}
		if err == nil && (s.get("host") == "" || s.get("hostname") == "" || s.number("port") < 1) {
			t.Fatalf("settings without a host: %v", s.values)
		}
	})
}

// A key revocation list that cannot be read must not pass as one that revokes
// nothing.
func FuzzRevocationList(f *testing.F) {
	key := fuzzKey(f)
	f.Add([]byte(krlMagic))
	f.Add([]byte(krlMagic + "\x00\x00\x00\x01" + strings.Repeat("\x00", 32)))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = append([]byte(krlMagic), data...)
		if err := revokedByKRL(data, key); err == nil {
			if short := revokedByKRL(data[:len(data)-1], key); short == nil && len(data) < len(krlMagic)+37 {
				t.Fatal("a list that is cut short was taken for a whole one")
			}
		}
	})
}
