//go:build unix

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons"
)

// openConfig is an ssh_config with an alias for each of some new sshd.
func openConfig(t *testing.T, names ...string) (config string, servers []*daemons.SSHServer) {
	t.Helper()
	var aliases []daemons.Alias
	for _, name := range names {
		s := daemons.SSHD(t, daemons.SSHOptions{})
		servers, aliases = append(servers, s), append(aliases, daemons.Alias{Name: name, Server: s})
	}
	return daemons.SSHConfig(t, aliases...), servers
}

// told checks that the program has told all of it.
func told(t *testing.T, log string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(log, part) {
			t.Errorf("it did not tell %q but:\n%s", part, log)
		}
	}
}

// -J a,b goes by a to b.
func twoJumps(t *testing.T, w *ways) {
	config, servers := openConfig(t, "a", "b", "box")
	for _, mode := range []string{"PASV", "PORT"} {
		log := w.fetch(t, nil, mode, "-v", "-F", config, "-J", "a,b", "box")
		told(t, log, "connected to a (", "connected to b", "connected to box")
	}
	servers[0].Kill()
	if text, _ := w.fails(t, nil, "-F", config, "-J", "a,b", "box"); !strings.Contains(text, "cannot connect to the jump host a ("+servers[0].Addr+")") {
		t.Errorf("without a: %s", text)
	}
}

// ProxyCommand nc %h %p is netcat's own connection.
func proxyNetcat(t *testing.T, w *ways) {
	nc := daemons.Find(t, "nc", "netcat-openbsd")
	config, _ := openConfig(t, "box")
	for _, mode := range []string{"PASV", "PORT"} {
		w.fetch(t, nil, mode, "-F", config, "-o", "ProxyCommand="+nc+" %h %p", "box")
	}
}

// ProxyCommand ssh -W %h:%p gate is a jump host as it was before ProxyJump.
func proxySSH(t *testing.T, w *ways) {
	ssh := daemons.Find(t, "ssh", "openssh-client")
	config, servers := openConfig(t, "gate", "box")
	proxy := "ProxyCommand=" + ssh + " -F " + config + " -W %h:%p gate"
	for _, mode := range []string{"PASV", "PORT"} {
		w.fetch(t, nil, mode, "-F", config, "-o", proxy, "box")
	}
	servers[0].Kill()
	w.fetch(t, nil, "PASV", "-F", config, "box") // box itself is there
	o := w.run(t, nil, w.path, "-F", config, "-o", proxy, "box", w.ftp.Addr, "--", "true")
	if o.status != 255 {
		t.Errorf("without gate: status %d", o.status)
	}
}

// userMaster is an OpenSSH master that its user has started.
type userMaster struct {
	cmd    *exec.Cmd
	sock   string
	config string
}

// startMaster starts a master for box and waits until it is up.
func startMaster(t *testing.T, config string) *userMaster {
	t.Helper()
	m := &userMaster{sock: filepath.Join(daemons.Folder(t), "master"), config: config}
	m.cmd = exec.Command(daemons.Find(t, "ssh", "openssh-client"), "-F", config, "-M", "-N", "-S", m.sock, "box")
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.cmd.Process.Kill(); _ = m.cmd.Wait() })
	until(t, "the master listens", func() bool { return m.check() == nil })
	return m
}

// check asks the master whether it is there.
func (m *userMaster) check() error {
	return exec.Command("ssh", "-F", m.config, "-S", m.sock, "-O", "check", "box").Run()
}

// options lead the program to the master.
func (m *userMaster) options() []string {
	return []string{"-F", m.config, "-o", "ControlPath=" + m.sock}
}

// A live master is ridden: no key is needed, and it is there afterwards.
func liveMaster(t *testing.T, w *ways) {
	config, servers := openConfig(t, "box")
	m := startMaster(t, config)
	if err := os.Remove(servers[0].Identity); err != nil {
		t.Fatal(err)
	}
	for mode := range curlModes {
		told(t, w.fetch(t, nil, mode, append(m.options(), "-v", "box")...), m.sock)
		if err := m.check(); err != nil {
			t.Fatalf("the user's master is gone after %s: %v", mode, err)
		}
	}
	w.fails(t, nil, "-F", config, "box") // there is no other way in
}

// --engine openssh has an ssh of its own do it.
func engineOpenSSH(t *testing.T, w *ways) {
	daemons.Find(t, "ssh", "openssh-client")
	config, _ := openConfig(t, "gate", "box")
	for mode := range curlModes {
		w.fetch(t, nil, mode, "--engine", "openssh", "-F", config, "box")
	}
	w.fetch(t, nil, "PASV", "--engine", "openssh", "-F", config, "-J", "gate", "box")
}

// Dropbear lets in, and carries data both ways.
func overDropbear(t *testing.T, w *ways) {
	config := daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: daemons.Dropbear(t, daemons.SSHOptions{})})
	for mode := range curlModes {
		w.fetch(t, nil, mode, "-F", config, "box")
	}
}

// Dropbear is a jump host, before an sshd and before another Dropbear.
func jumpDropbear(t *testing.T, w *ways) {
	bear := daemons.Dropbear(t, daemons.SSHOptions{})
	config := daemons.SSHConfig(t, daemons.Alias{Name: "bear", Server: bear},
		daemons.Alias{Name: "box", Server: daemons.SSHD(t, daemons.SSHOptions{})},
		daemons.Alias{Name: "other", Server: daemons.Dropbear(t, daemons.SSHOptions{})})
	for _, mode := range []string{"PASV", "PORT"} {
		told(t, w.fetch(t, nil, mode, "-v", "-F", config, "-J", "bear", "box"), "connected to bear (")
		w.fetch(t, nil, mode, "-F", config, "-J", "bear", "other")
	}
}
