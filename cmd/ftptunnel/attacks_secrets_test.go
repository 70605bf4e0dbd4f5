//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Secrets, each of which no log and no crash may hold.
const (
	sshPassword   = "Sesame-ssh-4711"
	keyPassphrase = "Sesame-key-4712"
	ftpPassword   = "Sesame-ftp-4713"
	ftpAccount    = "Sesame-acct-4714"
	ftpNew        = "Sesame-new-4715"
)

// vault is a place where secrets are typed: an SSH server that wants one, and
// SSH_ASKPASS, which knows it.
type vault struct {
	*scene
	env  []string // of the program
	keys []string // lines of the private key
}

// newVault makes a vault. With a passphrase the secret is a key's, else it is
// the SSH password.
func newVault(t *testing.T, passphrase string) *vault {
	t.Helper()
	s := newScene(t)
	addr := s.ssh.Addr()
	s.ssh.Close()
	signer, pem, err := testenv.NewSSHKey(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	auth := testenv.SSHAuth{Keys: []ssh.PublicKey{signer.PublicKey()}, OnlyKeys: true}
	answer := passphrase
	if passphrase == "" {
		auth, answer = testenv.SSHAuth{Password: sshPassword, OnlyKeys: true}, sshPassword
	}
	server, err := testenv.NewSSHServer(testenv.SSHOptions{Addr: addr, HostKeys: []ssh.Signer{s.host}, Auth: auth})
	if err != nil {
		t.Fatal(err)
	}
	s.ssh = server
	dir := daemons.Folder(t)
	for name, content := range map[string][]byte{
		"key": pem, "known_hosts": []byte(knownhosts.Line([]string{s.link.Addr()}, s.host.PublicKey()) + "\n"),
		"answer": []byte(answer + "\n"), "ask": []byte("#!/bin/sh\nexec cat " + dir + "/answer\n"),
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() == 0 {
			if err := os.Chown(file, 65534, 65534); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Chmod(filepath.Join(dir, "ask"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.dir = dir
	v := &vault{scene: s, env: []string{
		"HOME=/nonexistent", "PATH=/usr/bin:/bin",
		"SSH_ASKPASS=" + filepath.Join(dir, "ask"), "SSH_ASKPASS_REQUIRE=force",
	}}
	for line := range strings.Lines(string(pem)) {
		if !strings.HasPrefix(line, "-----") {
			v.keys = append(v.keys, strings.TrimSpace(line))
		}
	}
	return v
}

// options are the program's, which may ask here.
func (v *vault) options(more ...string) []string {
	var args []string
	for _, a := range v.args(more...) {
		if a != "--batch" {
			args = append(args, a)
		}
	}
	return args
}

// leaks is an error if the text holds a secret.
func (v *vault) leaks(what, text string) error {
	secrets := append([]string{sshPassword, keyPassphrase, ftpPassword, ftpAccount, ftpNew}, v.keys...)
	for _, s := range secrets {
		if strings.Contains(text, s) {
			return fmt.Errorf("%s holds %q", what, s)
		}
	}
	return nil
}

// process is the program as a process of its own, run as nobody if that can be
// done: whether its memory can be read shows only for a user that is not root.
func (v *vault) process(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(daemons.Folder(t), "ftptunnel")
	// What another test starts meanwhile must not inherit the open file: a program
	// that somebody can write to cannot be run (golang/go#22315).
	syscall.ForkLock.RLock()
	err = os.WriteFile(copied, program, 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(copied, args...)
	c.Dir, c.Env = "/", v.env
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() == 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	out := new(bytes.Buffer)
	c.Stderr = out
	return c, out
}

// secretDialogue says every secret that FTP has, in forms that servers refuse,
// too, and transfers a file. A proxy is told of some before it knows the server.
func secretDialogue(addr, user string) error {
	w, err := meet(addr)
	if err != nil {
		return err
	}
	defer w.conn.Close()
	if strings.Contains(user, "@") {
		for _, line := range []string{"PASS " + ftpPassword, "ACCT " + ftpAccount, "SITE PSWD " + ftpPassword + " " + ftpNew} {
			if _, err := w.ask(line); err != nil {
				return fmt.Errorf("%.4q: %w", line, err)
			}
		}
	}
	for _, line := range []string{
		"USER " + user, "PASS " + ftpPassword, "ACCT " + ftpAccount, "SITE PSWD " + ftpPassword + " " + ftpNew,
		"site pswd " + ftpPassword, "  pass " + ftpPassword, "PASS\t" + ftpPassword, "PASS" + ftpPassword,
		"\xff\xf1PASS " + ftpPassword, "ADAT " + ftpPassword, "pass \xff" + ftpPassword, "SITE CHPASS " + ftpNew, "P\xff\xf1ASS " + ftpPassword,
		"SITE  CPWD " + ftpNew, "TYPE I",
	} {
		w.say(line + "\r\nSYST") // a server may leave some unanswered
		for got := ""; !strings.HasPrefix(got, "215"); {
			if got, err = w.reply(); err != nil {
				return fmt.Errorf("%.4q: %w", line, err)
			}
		}
	}
	_, err = w.fetch("PASV", nextFile)
	return err
}

// Nothing that is printed at any level, in either form, in success, failure or
// a crash, holds a secret.
func TestAttacksSecrets(t *testing.T) {
	for _, passphrase := range []string{"", keyPassphrase} {
		v := newVault(t, passphrase)
		levels := [][]string{{"-vv"}, {"-v"}, nil, {"-q"}}
		if passphrase != "" {
			levels = levels[:1] // each decrypts the key, which is meant to take long
		}
		for _, level := range levels {
			for _, format := range []string{"text", "json"} {
				args := v.options(append(level, "--log-format", format)...)
				t.Run(strings.Join(append(level, format, passphrase), "_"), func(t *testing.T) {
					t.Parallel()
					v.crash(t, args, "someone")
				})
			}
		}
	}
}

// The same of a proxy.
func TestAttacksSecretsOfProxy(t *testing.T) {
	v := newVault(t, "")
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			args := v.options("-vv", "--log-format", format, "-D", "127.0.0.1:0")
			at := slices.Index(args, "--listen")
			args = slices.Delete(args[:len(args)-1], at, at+2) // there is no target
			v.crash(t, args, "someone@"+v.ftp.Addr())
		})
	}
}

// crash runs the program through a dialogue of secrets and has it print its
// stacks.
func (v *vault) crash(t *testing.T, args []string, user string) {
	c, out := v.process(t, args...)
	c.Env = append(c.Env, "GOTRACEBACK=all")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var url string
	if _, err := fmt.Fscanln(stdout, &url); err != nil {
		_ = c.Wait()
		t.Fatalf("not ready: %s", out)
	}
	if err := secretDialogue(strings.TrimPrefix(url, "ftp://"), user); err != nil {
		t.Errorf("%v", err)
	}
	if err := c.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if !strings.Contains(out.String(), "PASS ****") == slices.Contains(args, "-vv") {
		t.Errorf("no dialogue, or one that was not asked for: %s", out)
	}
	if !strings.Contains(out.String(), "goroutine ") {
		t.Errorf("no stacks: %s", out)
	}
	for line := range strings.Lines(out.String()) {
		if err := v.leaks(line, line); err != nil {
			t.Error(err)
		}
	}
}

// A wrong secret is not shown in the error either, and that a command has no
// secret in its environment or arguments.
func TestAttacksSecretsElsewhere(t *testing.T) {
	t.Run("wrong", func(t *testing.T) {
		v := newVault(t, "")
		wrong := "Sesame-wrong-4716"
		if err := os.WriteFile(filepath.Join(v.dir, "answer"), []byte(wrong+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, out := v.process(t, v.options("-vv")...)
		if err := c.Run(); err == nil || !strings.Contains(out.String(), "does not let") {
			t.Fatalf("%v: %s", err, out)
		}
		if strings.Contains(out.String(), wrong) {
			t.Errorf("the error holds the password: %s", out)
		}
	})
	t.Run("environment", func(t *testing.T) {
		v := newVault(t, "")
		args := append(v.options(), "--", "sh", "-c", "env; tr '\\0' '\\n' </proc/$PPID/environ; tr '\\0' ' ' </proc/$PPID/cmdline; ls -l /proc/self/fd")
		c, out := v.process(t, args...)
		stdout := new(bytes.Buffer)
		c.Stdout = stdout
		if err := c.Run(); err != nil {
			t.Logf("%v: %s", err, out) // another user may not read what is not dumpable
		}
		if !strings.Contains(stdout.String(), "FTPTUNNEL_ADDR=") {
			t.Fatalf("%s", stdout)
		}
		if err := v.leaks("the command's world", stdout.String()+out.String()); err != nil {
			t.Error(err)
		}
		if n := strings.Count(stdout.String(), "socket:"); n > 0 {
			t.Errorf("the command has %d of our sockets:\n%s", n, stdout)
		}
	})
}

// Once a secret was typed, nobody but root can read the process's memory.
func TestAttacksMemory(t *testing.T) {
	if os.Geteuid() != 0 {
		daemons.Missing(t, "what a user may read of a process is seen as root")
	}
	for name, passphrase := range map[string]string{"password": "", "passphrase": keyPassphrase, "no secret": "none"} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t, passphrase)
			if passphrase == "none" {
				signer, pem, err := testenv.NewSSHKey("")
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(v.dir, "key"), pem, 0o600); err != nil {
					t.Fatal(err)
				}
				addr := v.ssh.Addr()
				v.ssh.Close()
				v.key = signer
				v.startSSH(addr)
			}
			args := append(v.options(), "--", "sh", "-c", "echo ready; cat")
			c, out := v.process(t, args...)
			in, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { in.Close(); _ = c.Wait() }()
			var ready string
			if _, err := fmt.Fscanln(stdout, &ready); err != nil || ready != "ready" {
				t.Fatalf("not ready: %v: %s", err, out)
			}
			info, err := os.Stat("/proc/" + strconv.Itoa(c.Process.Pid) + "/mem")
			if err != nil {
				t.Fatal(err)
			}
			// proc(5): what is not dumpable belongs to root.
			hidden := info.Sys().(*syscall.Stat_t).Uid == 0
			if hidden != (passphrase != "none") {
				t.Errorf("hidden: %v", hidden)
			}
		})
	}
}
