//go:build unix

package main_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"
)

// permit lets one more key into a real sshd.
func permit(t *testing.T, s *daemons.SSHServer, public string) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(filepath.Dir(s.Identity), "authorized_keys"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := fmt.Fprintln(file, public); err != nil {
		t.Fatal(err)
	}
}

// AuthenticationMethods publickey,publickey wants two keys.
func twoKeys(t *testing.T, w *ways) {
	s := daemons.SSHD(t, daemons.SSHOptions{Extra: []string{"AuthenticationMethods publickey,publickey"}})
	second := filepath.Join(daemons.Folder(t), "second")
	permit(t, s, daemons.NewKey(t, second))
	config := daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: s})
	if text, _ := w.fails(t, nil, "-F", config, "box"); !strings.Contains(text, "does not let") {
		t.Errorf("with one key: %s", text)
	}
	w.fetch(t, nil, "EPSV", "-F", config, "-i", second, "box")
}

// embedded starts a server of our own, for methods that sshd has by PAM alone.
func embedded(t *testing.T, auth testenv.SSHAuth) (*testenv.SSHServer, *daemons.SSHServer) {
	t.Helper()
	s, err := testenv.NewSSHServer(testenv.SSHOptions{Auth: auth})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, described(t, s)
}

// described is an embedded server as the aliases of ssh_config take it.
func described(t *testing.T, s *testenv.SSHServer) *daemons.SSHServer {
	t.Helper()
	dir := daemons.Folder(t)
	d := &daemons.SSHServer{Host: "127.0.0.1", Port: s.Port(), Addr: s.Addr(), User: "tester",
		Identity: filepath.Join(dir, "id"), KnownHosts: filepath.Join(dir, "known_hosts")}
	for name, text := range map[string]string{d.Identity: string(s.ClientKeyPEM()), d.KnownHosts: s.KnownHosts()} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// questions are what keyboard-interactive asks here: a secret and a code.
var questions = []testenv.Question{{Prompt: "Password: ", Answer: "right"}, {Prompt: "Code: ", Answer: "123456", Echo: true}}

// AuthenticationMethods publickey,keyboard-interactive wants a key, and answers.
func keyAndAnswers(t *testing.T, w *ways) {
	answered(t, w, testenv.SSHAuth{Questions: questions, Methods: []string{"publickey,keyboard-interactive"}},
		[]string{"publickey", "keyboard-interactive"})
}

// Keyboard-interactive alone will do, too.
func answersAlone(t *testing.T, w *ways) {
	answered(t, w, testenv.SSHAuth{Questions: questions, Methods: []string{"keyboard-interactive"}},
		[]string{"keyboard-interactive"})
}

func answered(t *testing.T, w *ways, auth testenv.SSHAuth, methods []string) {
	t.Helper()
	server, s := embedded(t, auth)
	config := daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: s})
	env, notes := askpass(t, "right", "123456")
	w.fetch(t, env, "EPSV", "-F", config, "box")
	if got := prompts(t, notes); len(got) != 2 || !strings.Contains(got[0], "Password: ") || !strings.Contains(got[1], "Code: ") {
		t.Errorf("it asked %q", got)
	}
	for _, m := range methods {
		if got := server.Counts().Methods; !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, m) }) {
			t.Errorf("%s was not used: %q", m, got)
		}
	}
	if text, hint := w.fails(t, nil, "-F", config, "box"); !strings.Contains(hint, "no terminal to ask on") {
		t.Errorf("with nobody to ask: %s: %s", text, hint)
	}
}

// startAgent starts an ssh-agent with keys and returns the environment for it.
func startAgent(t *testing.T, keys ...string) []string {
	t.Helper()
	sock := filepath.Join(daemons.Folder(t), "agent")
	cmd := exec.Command(daemons.Find(t, "ssh-agent", "openssh-client"), "-D", "-a", sock)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	until(t, "the agent listens", func() bool {
		c, err := net.Dial("unix", sock)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	env := []string{"SSH_AUTH_SOCK=" + sock}
	for _, key := range keys {
		tool(t, env, "ssh-add", "-q", key)
	}
	return env
}

// crowdedAgent is an agent with seven keys that open nothing, and then the
// server's.
func crowdedAgent(t *testing.T, s *daemons.SSHServer) []string {
	t.Helper()
	dir := daemons.Folder(t)
	var keys []string
	for i := range 7 {
		keys = append(keys, filepath.Join(dir, strconv.Itoa(i)))
		daemons.NewKey(t, keys[i])
	}
	return startAgent(t, append(keys, s.Identity)...)
}

// With MaxAuthTries 3 and seven keys before the right one, what the hint says
// can be typed, and lets in.
func sevenAgentKeys(t *testing.T, w *ways) {
	s := daemons.SSHD(t, daemons.SSHOptions{Extra: []string{"MaxAuthTries 3"}})
	env := crowdedAgent(t, s)
	key := filepath.Join(daemons.Folder(t), "moved")
	if err := os.Rename(s.Identity, key); err != nil {
		t.Fatal(err)
	}
	config := daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: s, Extra: []string{"IdentitiesOnly no"}})
	text, hint := w.fails(t, env, "-F", config, "box")
	_, typed, ok := strings.Cut(hint, ": ")
	typed, _, _ = strings.Cut(typed, " offers one")
	if !strings.Contains(text, "too many authentication failures") || !ok {
		t.Fatalf("%s: %s", text, hint)
	}
	options := strings.Fields(strings.Replace(typed, "KEY", key, 1))
	w.fetch(t, env, "EPSV", append(append([]string{"-F", config}, options...), "box")...)
	w.fetch(t, env, "EPSV", "-F", config, "-i", key, "box") // what is named comes before the agent's others

	public := key + ".pub"
	if err := os.WriteFile(public, []byte(tool(t, nil, "ssh-keygen", "-y", "-f", key)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	w.fetch(t, env, "EPSV", "-F", config, "-o", "IdentitiesOnly=yes", "-i", public, "box") // the agent alone has it
}

// TrustedUserCAKeys lets in whom a certificate names.
func userCertificate(t *testing.T, w *ways) {
	authority := filepath.Join(daemons.Folder(t), "ca")
	public := daemons.NewKey(t, authority)
	if err := os.WriteFile(authority+".pub", []byte(public+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := daemons.SSHD(t, daemons.SSHOptions{Extra: []string{"TrustedUserCAKeys " + authority + ".pub", "AuthorizedKeysFile none"}})
	config := daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: s})
	w.fails(t, nil, "-F", config, "box")
	if err := os.WriteFile(s.Identity+".pub", []byte(tool(t, nil, "ssh-keygen", "-y", "-f", s.Identity)), 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, nil, "ssh-keygen", "-q", "-s", authority, "-I", "me", "-n", s.User, s.Identity+".pub")
	w.fetch(t, nil, "EPSV", "-F", config, "box")
}

// encrypt gives a server's own key a passphrase.
func encrypt(t *testing.T, s *daemons.SSHServer, passphrase string) {
	t.Helper()
	tool(t, nil, "ssh-keygen", "-q", "-p", "-P", "", "-N", passphrase, "-f", s.Identity)
}

// The passphrase of a key is asked for by SSH_ASKPASS, once, and not told.
func encryptedKey(t *testing.T, w *ways) {
	s := daemons.SSHD(t, daemons.SSHOptions{})
	encrypt(t, s, "open sesame")
	config := daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: s})
	for _, engine := range []string{"native", "openssh"} {
		env, notes := askpass(t, "open sesame")
		told := w.fetch(t, env, "EPSV", "-vv", "--engine", engine, "-F", config, "box")
		if got := prompts(t, notes); len(got) != 1 || !strings.Contains(got[0], s.Identity) {
			t.Errorf("%s: it asked %q", engine, got)
		}
		if strings.Contains(told, "sesame") {
			t.Errorf("%s: it told the passphrase", engine)
		}
	}
	if _, hint := w.fails(t, nil, "-F", config, "box"); !strings.Contains(hint, "ssh-add "+s.Identity+", or set SSH_ASKPASS") {
		t.Errorf("with nobody to ask: %s", hint)
	}
	env, _ := askpass(t, "open sesame")
	if _, hint := w.fails(t, env[:1], "-F", config, "box"); !strings.HasSuffix(hint, ", or set SSH_ASKPASS_REQUIRE=force") {
		t.Errorf("with SSH_ASKPASS alone: %s", hint)
	}
	if _, hint := w.fails(t, []string{"SSH_ASKPASS=/nonexistent", env[1]}, "-F", config, "box"); !strings.Contains(hint, "and SSH_ASKPASS, /nonexistent, cannot be run: ") {
		t.Errorf("with an SSH_ASKPASS that is not there: %s", hint)
	}
}
