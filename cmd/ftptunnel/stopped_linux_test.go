package main

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/tty"
)

// TestStoppedPrompt: who stops the program at a prompt and has it go on is asked
// again, and what is typed then is not shown either.
func TestStoppedPrompt(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		daemons.Missing(t, "bash is not installed, which stops jobs")
	}
	s := newScene(t)
	server, err := testenv.NewSSHServer(testenv.SSHOptions{Auth: testenv.SSHAuth{Password: "hunter2", OnlyKeys: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	x := tty.New(t, 120, 24)
	c := exec.Command(bash, "--norc", "--noprofile", "-i")
	c.Env = append(os.Environ(), "PS1=shell> ", "HOME="+t.TempDir(), "GORACE=atexit_sleep_ms=0", "SSH_ASKPASS_REQUIRE=never")
	x.Control(c)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	seen := func(word string) {
		t.Helper()
		x.Await(word, func(screen []string) bool { return strings.Contains(strings.Join(screen, "\n"), word) })
	}
	atShell := func() {
		t.Helper()
		x.Await("the shell", func(screen []string) bool {
			return len(screen) > 0 && strings.HasSuffix(screen[len(screen)-1], "shell>")
		})
	}
	atShell()
	_, port, _ := net.SplitHostPort(server.Addr())
	x.Type("ftptunnel -F none -l tester -p " + port + " -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=" + s.dir +
		"/known -o PreferredAuthentications=password --listen 127.0.0.1:0 127.0.0.1 " + s.ftp.Addr() + "\n")
	seen("password:")
	if !eventually(func() bool { return !echoes(t, x) }) {
		t.Fatal("what is typed is shown")
	}
	x.Type("\x1a")
	atShell()
	x.Type("fg\n")
	asked := func() int { return strings.Count(strings.Join(x.History(), "\n"), "password:") }
	if !eventually(func() bool { return asked() == 2 && !echoes(t, x) }) {
		t.Errorf("after it was stopped what is typed is shown:\n%s", strings.Join(x.History(), "\n"))
	}
	x.Type("hunter2\n")
	seen("ftp://127.0.0.1")
	if strings.Contains(x.Raw(), "hunter") {
		t.Errorf("the password was shown: %q", x.Raw())
	}
	x.Type("\x03")
	atShell()
}
