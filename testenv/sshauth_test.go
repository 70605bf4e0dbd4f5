package testenv

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestAuth(t *testing.T) {
	answers := func(list ...string) ssh.AuthMethod {
		return ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
			return list[:len(questions)], nil
		})
	}
	stranger, _, err := NewSSHKey("")
	if err != nil {
		t.Fatal(err)
	}
	key := func(s *SSHServer) ssh.AuthMethod { return ssh.PublicKeys(s.ClientKey()) }
	questions := []Question{{Prompt: "Code: ", Answer: "123"}, {Prompt: "Colour: ", Answer: "red", Echo: true}}
	for name, c := range map[string]struct {
		auth    SSHAuth
		methods func(s *SSHServer) []ssh.AuthMethod
		ok      bool
	}{
		"own key":        {SSHAuth{}, func(s *SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{key(s)} }, true},
		"strange key":    {SSHAuth{}, func(*SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{ssh.PublicKeys(stranger)} }, false},
		"other key":      {SSHAuth{Keys: []ssh.PublicKey{stranger.PublicKey()}}, func(*SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{ssh.PublicKeys(stranger)} }, true},
		"only keys":      {SSHAuth{OnlyKeys: true}, func(s *SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{key(s)} }, false},
		"password":       {SSHAuth{Password: "pw"}, func(*SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{ssh.Password("pw")} }, true},
		"wrong password": {SSHAuth{Password: "pw"}, func(*SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{ssh.Password("no")} }, false},
		"password unset": {SSHAuth{}, func(*SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{ssh.Password("")} }, false},
		"pam":            {SSHAuth{Password: "pw"}, func(*SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{answers("pw")} }, true},
		"questions":      {SSHAuth{Questions: questions}, func(*SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{answers("123", "red")} }, true},
		"wrong answer":   {SSHAuth{Questions: questions}, func(*SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{answers("123", "blue")} }, false},
		"other user":     {SSHAuth{User: "root"}, func(s *SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{key(s)} }, false},
		"none":           {SSHAuth{Methods: []string{"none"}}, func(*SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{} }, true},
		"partial": {SSHAuth{Password: "pw", Methods: []string{"publickey,password"}},
			func(s *SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{key(s), ssh.Password("pw")} }, true},
		"only the first half": {SSHAuth{Password: "pw", Methods: []string{"publickey,password"}},
			func(s *SSHServer) []ssh.AuthMethod { return []ssh.AuthMethod{key(s), ssh.Password("no")} }, false},
		"three steps": {SSHAuth{Password: "pw", Questions: questions, Methods: []string{"password,publickey,keyboard-interactive"}},
			func(s *SSHServer) []ssh.AuthMethod {
				return []ssh.AuthMethod{answers("123", "red"), key(s), ssh.Password("pw")}
			}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := startSSH(t, SSHOptions{Auth: c.auth})
			if _, err := login1(t, s, c.methods(s)...); (err == nil) != c.ok {
				t.Errorf("login: %v, methods %q", err, s.Counts().Methods)
			}
		})
	}
}

func TestAuthChanges(t *testing.T) {
	s := startSSH(t, SSHOptions{Banner: "Beware\n", Version: "SSH-2.0-OpenSSH_9.2p1 test"})
	c := mustLogin(t, s)
	if v := string(c.ServerVersion()); v != "SSH-2.0-OpenSSH_9.2p1 test" {
		t.Errorf("version %q", v)
	}
	s.SetAuth(SSHAuth{Password: "pw", OnlyKeys: true})
	if _, err := login1(t, s); err == nil {
		t.Error("the key still lets in")
	}
	mustLogin(t, s, ssh.Password("pw"))
	if err := s.Await(limited(t), func(n SSHCounts) bool { return n.Logins == 2 }); err != nil {
		t.Fatal(err)
	}
	n := s.Counts()
	if n.Failed != 1 || n.Connections != 3 || !slices.Equal(n.Users, []string{"someone", "someone"}) {
		t.Errorf("counts %+v", n)
	}
}

// TestOpenSSHClient is the real program, to see that nothing here is only
// what x/crypto makes of it.
func TestOpenSSHClient(t *testing.T) {
	ftp := startFTP(t, FTPOptions{})
	ftp.Tree().Put("f", []byte("hello"))
	s := startSSH(t, SSHOptions{Auth: SSHAuth{User: "test"}, Banner: "Beware\n"})
	dir := t.TempDir()
	write(t, dir+"/id", s.ClientKeyPEM())
	write(t, dir+"/known", []byte(s.KnownHosts()))
	out := run(t, dir, "", "ssh", "-F", "none", "-i", dir+"/id", "-o", "UserKnownHostsFile="+dir+"/known",
		"-o", "BatchMode=yes", "-p", portOf(s.Addr()), "test@127.0.0.1", "true")
	if !strings.Contains(out, "Beware") {
		t.Errorf("banner: %q", out)
	}
	if n := s.Counts(); !slices.Equal(n.Executed, []string{"true"}) {
		t.Errorf("executed %q", n.Executed)
	}
	socket := dir + "/s"
	options := []string{"-F", "none", "-i", dir + "/id", "-o", "UserKnownHostsFile=" + dir + "/known",
		"-o", "BatchMode=yes", "-o", "ControlPath=" + socket, "-p", portOf(s.Addr()), "test@127.0.0.1"}
	run(t, dir, "", "ssh", append([]string{"-f", "-N", "-M", "-E", dir + "/log"}, options...)...)
	defer run(t, dir, "", "ssh", append([]string{"-O", "exit"}, options...)...)
	granted := run(t, dir, "", "ssh", append([]string{"-O", "forward", "-R", "127.0.0.1:0:" + ftp.Addr()}, options...)...)
	granted = strings.Fields(granted)[0]
	c := connect(t, "127.0.0.1:"+granted)
	c.expect(220)
	c.cmd(221, "QUIT")
	got := run(t, dir, "GET / HTTP/1.0\r\n\r\n", "ssh", append([]string{"-W", ftp.Addr()}, options...)...)
	if !strings.HasPrefix(got, "220 ") {
		t.Errorf("-W: %q", got)
	}
}
