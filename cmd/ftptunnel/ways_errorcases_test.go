//go:build unix

package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"
)

// newLost starts the servers and writes the configuration: an alias for each
// situation.
func newLost(t *testing.T) *lost {
	t.Helper()
	l := &lost{t: t, dir: daemons.Folder(t)}
	open := daemons.SSHD(t, daemons.SSHOptions{})
	with := func(name string, s *daemons.SSHServer, change func(*daemons.SSHServer), extra ...string) daemons.Alias {
		changed := *s
		if change != nil {
			change(&changed)
		}
		return daemons.Alias{Name: name, Server: &changed, Extra: extra}
	}
	picky := daemons.SSHD(t, daemons.SSHOptions{Extra: []string{"MaxAuthTries 3"}})
	gate := daemons.SSHD(t, daemons.SSHOptions{Extra: []string{"AllowTcpForwarding no"}})
	old := daemons.SSHD(t, daemons.SSHOptions{Extra: []string{"KexAlgorithms diffie-hellman-group14-sha256"}})
	_, locked := embedded(t, testenv.SSHAuth{Password: "right", Methods: []string{"password"}})
	closed := func(s *daemons.SSHServer) { s.Port = 1 }
	keys := l.keys(open)
	known := func(name string) func(*daemons.SSHServer) {
		return func(s *daemons.SSHServer) { s.KnownHosts = filepath.Join(l.dir, name) }
	}
	key := func(name string) func(*daemons.SSHServer) {
		return func(s *daemons.SSHServer) { s.Identity = keys[name] }
	}
	l.config = daemons.SSHConfig(t,
		with("box", open, nil),
		with("closed", open, closed),
		with("wrong-key", open, key("other")),
		with("open-key", open, key("readable")),
		with("locked-key", open, key("encrypted")),
		with("no-key", open, key("missing"), "IdentitiesOnly no"),
		with("new", open, known("known_none")),
		with("changed", open, known("known_other")),
		with("revoked", open, known("known_revoked")),
		with("picky", picky, key("missing"), "IdentitiesOnly no"),
		with("behind-closed", open, nil, "ProxyJump closed"),
		with("gate", gate, nil),
		with("behind-gate", open, nil, "ProxyJump gate"),
		with("behind-nothing", open, nil, "ProxyCommand no-such-proxy %h %p"),
		with("behind-failure", open, nil, "ProxyCommand sh -c 'echo no route today >&2; exit 3'"),
		with("password", locked, key("missing")),
		with("old", old, nil, "KexAlgorithms curve25519-sha256"),
	)
	l.knownHosts(open)
	for _, s := range []*daemons.SSHServer{open, picky, gate, old, locked} {
		l.replaces = append(l.replaces, fmt.Sprint(s.Port), "2222", filepath.Dir(s.Identity), "/home/me/.ssh")
	}
	l.replaces = append(l.replaces, l.config, "config", l.dir, "/home/me/.ssh")
	return l
}

// keys are private keys that do not let in as they are.
func (l *lost) keys(s *daemons.SSHServer) map[string]string {
	l.t.Helper()
	keys := map[string]string{}
	for _, name := range []string{"other", "readable", "encrypted", "missing"} {
		keys[name] = filepath.Join(l.dir, name)
	}
	daemons.NewKey(l.t, keys["other"])
	good, err := os.ReadFile(s.Identity)
	if err != nil {
		l.t.Fatal(err)
	}
	l.write("readable", string(good), 0o644)
	l.write("encrypted", string(good), 0o600)
	tool(l.t, nil, "ssh-keygen", "-q", "-p", "-P", "", "-N", "passphrase", "-f", keys["encrypted"])
	return keys
}

// knownHosts writes the files that know no key, another key, and that the key
// is revoked.
func (l *lost) knownHosts(s *daemons.SSHServer) {
	l.t.Helper()
	text, err := os.ReadFile(s.KnownHosts)
	if err != nil {
		l.t.Fatal(err)
	}
	host, _, _ := strings.Cut(string(text), " ")
	l.write("known_none", "", 0o600)
	l.write("known_other", host+" "+daemons.NewKey(l.t, filepath.Join(l.dir, "elsewhere"))+"\n", 0o600)
	l.write("known_revoked", "@revoked "+string(text), 0o600)
}

// failures are the situations.
func (l *lost) failures() []failure {
	bad := l.write("bad_config", "Host box\n    HostName 127.0.0.1\n    Prot 22\n", 0o600)
	mute := silent(l.t)
	l.replaces = append(l.replaces, fmt.Sprint(mute.Port), "2222")
	in := func(args ...string) []string { return append([]string{"-F", l.config}, args...) }
	return []failure{
		{name: "Unknown host name", args: in("no-such-host.invalid")},
		{name: "Nothing listens on the port", args: in("closed")},
		{name: "The server does not answer", args: in("-o", "ConnectTimeout=2", "-p", fmt.Sprint(mute.Port), "box")},
		{name: "Another service is there", args: in("-o", "ConnectTimeout=2", "-p", l.otherService(), "box")},
		{name: "No algorithm in common", args: in("old")},
		{name: "Unknown host key", args: in("new")},
		{name: "Changed host key", args: in("changed")},
		{name: "Revoked host key", args: in("revoked")},
		{name: "Wrong key", args: in("wrong-key")},
		{name: "Key that others can read", args: in("open-key")},
		{name: "Key with a passphrase, and nobody to ask", args: in("locked-key")},
		{name: "Password, and nobody to ask", args: in("password")},
		{name: "Agent without keys", args: in("no-key"), env: startAgent(l.t)},
		{name: "Too many keys", args: in("picky"), env: l.crowd()},
		{name: "Jump host that does not listen", args: in("behind-closed")},
		{name: "Jump host that does not forward", args: in("behind-gate")},
		{name: "ProxyCommand that is not found", args: in("behind-nothing")},
		{name: "ProxyCommand that fails", args: in("behind-failure")},
		{name: "Bad line in the configuration", args: []string{"-F", bad, "box"}},
		{name: "Bad option", args: in("-o", "Prot=22", "box")},
		{name: "No such configuration file", args: []string{"-F", filepath.Join(l.dir, "none"), "box"}},
	}
}

// crowd is an agent with seven keys that open nothing.
func (l *lost) crowd() []string {
	var keys []string
	for i := range 7 {
		keys = append(keys, filepath.Join(l.dir, fmt.Sprint("agent", i)))
		daemons.NewKey(l.t, keys[i])
	}
	return startAgent(l.t, keys...)
}

// otherService is the port of an FTP server.
func (l *lost) otherService() string {
	l.t.Helper()
	s, err := testenv.NewFTPServer(testenv.FTPOptions{})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { s.Close() })
	l.replaces = append(l.replaces, fmt.Sprint(s.Port()), "2222")
	return fmt.Sprint(s.Port())
}
