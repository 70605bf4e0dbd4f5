package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"ftptunnel/testenv"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// checkHops are all hops, in the order in which they are reported.
var checkHops = []string{
	"ssh config", "connect", "host key", "login", "exec", "forward", "ftp", "features",
	"remote forward", "ftp login", "EPSV", "PASV", "EPRT", "PORT",
}

// checkScene is what --check is run against.
type checkScene struct {
	t       testing.TB
	ssh     *testenv.SSHServer
	ftp     *testenv.FTPServer
	home    string
	at      string // the SSH server's address, if it is reached by another
	host    string // the destination, 127.0.0.1 if empty
	target  string // the FTP server's address if empty
	env     map[string]string
	options []string
}

// newCheckScene starts the servers.
func newCheckScene(t testing.TB, s testenv.SSHOptions, f testenv.FTPOptions) *checkScene {
	t.Helper()
	c := &checkScene{t: t, home: t.TempDir()}
	var err error
	if c.ssh, err = testenv.NewSSHServer(s); err != nil {
		t.Fatal(err)
	}
	if c.ftp, err = testenv.NewFTPServer(f); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.ssh.Thaw(); c.ssh.Close(); c.ftp.Close() })
	return c
}

// write writes a file of the home folder.
func (c *checkScene) write(name string, content []byte) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.home, name), content, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// args are the program's arguments.
func (c *checkScene) args() []string {
	c.t.Helper()
	at := c.at
	if at == "" {
		at = c.ssh.Addr()
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(strings.SplitN(c.ssh.KnownHosts(), " ", 2)[1]))
	if err != nil {
		c.t.Fatal(err)
	}
	c.write("key", c.ssh.ClientKeyPEM())
	c.write("known_hosts", []byte(knownhosts.Line([]string{at}, public)+"\n"))
	_, port, _ := strings.Cut(at, ":")
	host, target := c.host, c.target
	if host == "" {
		host = "127.0.0.1"
	}
	if target == "" {
		target = c.ftp.Addr()
	}
	args := []string{
		"--check", "--batch", "-F", "none", "-l", "tester", "-p", port, "-i", filepath.Join(c.home, "key"),
		"-o", "UserKnownHostsFile=" + filepath.Join(c.home, "known_hosts"),
		"-o", "GlobalKnownHostsFile=none", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
	}
	return append(append(args, c.options...), host, target)
}

// run runs --check in the text form, which is returned with the exit code.
func (c *checkScene) run(options ...string) (code int, stdout, stderr string) {
	c.t.Helper()
	var out, errors bytes.Buffer
	e := env{
		args: append(options, c.args()...), stdin: strings.NewReader(""), stdout: &out, stderr: &errors,
		getenv: func(name string) string { return c.env[name] }, environ: os.Environ, home: c.home,
	}
	code = run(context.Background(), e)
	return code, out.String(), errors.String()
}

// found is a report, by hop.
type found map[string]hop

// check runs --check in the json form and holds the report against its rules:
// every hop is there, in order, and the exit code says whether one failed.
func (c *checkScene) check() found {
	c.t.Helper()
	code, stdout, stderr := c.run("--log-format", "json")
	report, names, want := found{}, []string{}, exitOK
	for d := json.NewDecoder(strings.NewReader(stdout)); ; {
		var h hop
		if err := d.Decode(&h); err == io.EOF {
			break
		} else if err != nil {
			c.t.Fatalf("%v:\n%s", err, stdout)
		}
		if h.Version != checkVersion || h.Detail == "" {
			c.t.Errorf("%+v", h)
		}
		if h.Result == hopFailed {
			want = exitFailed
			if len(h.Remedy) == 0 {
				c.t.Errorf("%s failed without a remedy", h.Hop)
			}
		}
		report[h.Hop], names = h, append(names, h.Hop)
	}
	if strings.Join(names, " ") != strings.Join(checkHops, " ") {
		c.t.Errorf("hops %q", names)
	}
	if code != want {
		c.t.Errorf("exit code %d, want %d", code, want)
	}
	c.t.Cleanup(func() {
		if c.t.Failed() {
			c.t.Logf("%s%s", stdout, stderr)
		}
	})
	return report
}

// fails holds a report against one in which the named hops failed and no other,
// with these words in the first one's remedy.
func (f found) fails(t testing.TB, names string, remedy ...string) {
	t.Helper()
	first, _, _ := strings.Cut(names, ", ")
	for _, name := range checkHops {
		h := f[name]
		if want := strings.Contains(", "+names+", ", ", "+name+", "); want != (h.Result == hopFailed) {
			t.Errorf("%s is %s: %s", name, h.Result, h.Detail)
		}
		if h.Result == hopNotTested && strings.HasSuffix(h.Detail, " failed") && h.Detail != first+" failed" {
			t.Errorf("%s is not tested because %s", name, h.Detail)
		}
	}
	text := strings.Join(f[first].Remedy, "\n")
	for _, words := range remedy {
		if !strings.Contains(text, words) {
			t.Errorf("no %q in the remedy of %s:\n%s", words, first, text)
		}
	}
}

// untested counts the hops that were not tested because another failed.
func (f found) untested() int {
	n := 0
	for _, h := range f {
		if h.Result == hopNotTested && strings.HasSuffix(h.Detail, " failed") {
			n++
		}
	}
	return n
}

// Everything is in order: each mode is straight.
func TestCheck(t *testing.T) {
	c := newCheckScene(t, testenv.SSHOptions{}, testenv.FTPOptions{Users: map[string]string{"ann": "s3 cret"}})
	c.write(".netrc", []byte("machine 127.0.0.1\n\tlogin ann\n\tpassword \"s3 cret\"\n"))
	f := c.check()
	f.fails(t, "")
	for _, mode := range []string{"EPSV", "PASV", "EPRT", "PORT"} {
		if h := f[mode]; h.Result != hopOK || h.Server != mode || h.Bridged {
			t.Errorf("%+v", h)
		}
	}
	if h := f["host key"]; len(h.Files) != 1 || h.Files[0] != filepath.Join(c.home, "known_hosts")+":1" {
		t.Errorf("%+v", h)
	}
	if h := f["connect"]; h.Address != c.ssh.Addr() || h.Seconds <= 0 {
		t.Errorf("%+v", h)
	}
	if h := f["login"]; !strings.Contains(h.Key, filepath.Join(c.home, "key")) {
		t.Errorf("%+v", h)
	}
	if h := f["remote forward"]; !strings.Contains(h.Detail, "on 127.0.0.1 alone") {
		t.Errorf("%+v", h)
	}
}

// The text form has a line for each hop, remedies below, and no password.
func TestCheckText(t *testing.T) {
	c := newCheckScene(t, testenv.SSHOptions{}, testenv.FTPOptions{Users: map[string]string{"ann": "right"}})
	c.write(".netrc", []byte("machine 127.0.0.1 login ann password wr0ng\n"))
	code, stdout, stderr := c.run("-vv")
	for _, want := range []string{
		"ok          connect         " + c.ssh.Addr() + " in ",
		"\nfail        ftp login       ann, by " + filepath.Join(c.home, ".netrc") + ", is not let in: 530 ",
		"\n              remedy:       in ~/.netrc: machine 127.0.0.1 login USER password PASSWORD\n",
		"\nnot tested  PORT            ftp login failed\n",
		"\nFAIL: 8 ok, 1 fail, 5 not tested\n",
	} {
		if !strings.Contains("\n"+stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	if code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	if strings.Contains(stdout+stderr, "wr0ng") {
		t.Errorf("the password is told:\n%s%s", stdout, stderr)
	}
}

// NETRC names the file that is read, and the one to be mended.
func TestCheckNetrc(t *testing.T) {
	c := newCheckScene(t, testenv.SSHOptions{}, testenv.FTPOptions{Users: map[string]string{"ann": "right"}})
	c.write("logins", []byte("machine 127.0.0.1 login ann password wr0ng\n"))
	logins := filepath.Join(c.home, "logins")
	c.env = map[string]string{"NETRC": logins}
	c.check().fails(t, "ftp login", "in "+logins+": machine 127.0.0.1 login USER password PASSWORD")
}

// With a jump host every host has its own lines.
func TestCheckJump(t *testing.T) {
	c := newCheckScene(t, testenv.SSHOptions{}, testenv.FTPOptions{})
	c.args()
	config := fmt.Sprintf("Host gate inner\n\tHostName 127.0.0.1\n\tUser tester\n\tPort %d\n\tIdentityFile %s\n"+
		"\tUserKnownHostsFile %s\n\tIdentityAgent none\nHost inner\n\tProxyJump gate\n",
		c.ssh.Port(), filepath.Join(c.home, "key"), filepath.Join(c.home, "known_hosts"))
	c.write("config", []byte(config))
	args := []string{"--check", "--batch", "-F", filepath.Join(c.home, "config"), "inner", c.ftp.Addr()}
	report := func() string {
		var out bytes.Buffer
		run(context.Background(), env{args: args, stdin: strings.NewReader(""), stdout: &out, stderr: io.Discard,
			getenv: func(string) string { return "" }, environ: os.Environ, home: c.home})
		return out.String()
	}
	text := report()
	for _, want := range []string{
		"through gate, by " + filepath.Join(c.home, "config") + ":1, " + filepath.Join(c.home, "config") + ":8",
		"connect         gate: 127.0.0.1:" + strconv.Itoa(c.ssh.Port()),
		"login           gate: ", "connect         inner: ", "PASS: ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	c.ssh.RefuseDirect(true)
	text = report()
	for _, want := range []string{
		"\nok          login           gate: ", "\nfail        connect         inner: ",
		"sshd_config on the jump host gate: AllowTcpForwarding, PermitOpen", "\nnot tested  forward         connect of inner failed\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestCheckRefused(t *testing.T) {
	for line, want := range map[string]string{
		"--check a -L 1:h:21":  "--check and -L exclude each other",
		"--check a -D 1":       "--check and -D exclude each other",
		"--check a --listen 1": "--check and --listen exclude each other",
		"--check a -- true":    "--check takes no command",
		"--check":              "no destination",
		"--check --demo":       "--demo and --check exclude each other",
	} {
		if _, err := parse(strings.Fields(line)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
}
