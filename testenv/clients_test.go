package testenv

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// program skips the test by the name of what is missing, or fails it where
// everything has to be there.
func program(t *testing.T, name string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err == nil {
		return p
	}
	if os.Getenv("FTPTUNNEL_REAL") == "1" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

func run(t *testing.T, dir, stdin, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, name), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "LFTP_HOME="+dir)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// job is one get and one put by a real client, in dir, of down.bin and up.bin.
type job struct {
	host string
	port int
	dir  string
}

func (j job) url(name string) string {
	return fmt.Sprintf("ftp://test:test@%s:%d/%s", j.host, j.port, name)
}
func (j job) p() string     { return strconv.Itoa(j.port) }
func (j job) plain() string { return strings.Trim(j.host, "[]") }

type realClient struct {
	name  string
	only4 bool
	verb  string // that proves the mode
	onGet func(t *testing.T, j job)
	onPut func(t *testing.T, j job) // nil: the client cannot
}

func curl(flags ...string) realClient {
	return realClient{
		onGet: func(t *testing.T, j job) {
			run(t, j.dir, "", "curl", append(flags, "-sS", "--globoff", "-o", "down.bin", j.url("down.bin"))...)
		},
		onPut: func(t *testing.T, j job) {
			run(t, j.dir, "", "curl", append(flags, "-sS", "--globoff", "-T", "up.bin", j.url("up.bin"))...)
		},
	}
}

func lftp(settings string) realClient {
	script := func(t *testing.T, j job, what string) {
		run(t, j.dir, "", "lftp", "--norc", "-c", "set net:max-retries 1; set ftp:ssl-allow no; "+settings+
			"; open -u test,test -p "+j.p()+" "+j.plain()+"; "+what)
	}
	return realClient{
		onGet: func(t *testing.T, j job) { script(t, j, "get down.bin") },
		onPut: func(t *testing.T, j job) { script(t, j, "put up.bin") },
	}
}

func ncftp(flag string) realClient {
	return realClient{only4: true,
		onGet: func(t *testing.T, j job) {
			run(t, j.dir, "", "ncftpget", flag, "-V", "-u", "test", "-p", "test", "-P", j.p(), j.plain(), ".", "down.bin")
		},
		onPut: func(t *testing.T, j job) {
			run(t, j.dir, "", "ncftpput", flag, "-V", "-u", "test", "-p", "test", "-P", j.p(), j.plain(), ".", "up.bin")
		},
	}
}

func tnftp(flag string) realClient {
	script := func(t *testing.T, j job, what string) {
		run(t, j.dir, "user test test\nbinary\n"+what+"\nquit\n", "tnftp", flag, "-n", j.plain(), j.p())
	}
	return realClient{
		onGet: func(t *testing.T, j job) { script(t, j, "get down.bin") },
		onPut: func(t *testing.T, j job) { script(t, j, "put up.bin") },
	}
}

func wget(flags ...string) realClient {
	return realClient{onGet: func(t *testing.T, j job) {
		run(t, j.dir, "", "wget", append(flags, "-q", "-t", "1", "-O", "down.bin", j.url("down.bin"))...)
	}}
}

func (c realClient) as(name, verb string) realClient {
	c.name, c.verb = name, verb
	return c
}

var realClients = []realClient{
	curl().as("curl EPSV", "EPSV"),
	curl("--disable-epsv").as("curl PASV", "PASV"),
	curl("-P", "-").as("curl EPRT", "EPRT"),
	curl("-P", "-", "--disable-eprt").as("curl PORT", "PORT"),
	lftp("set ftp:passive-mode on").as("lftp passive", "PASV"),
	lftp("set ftp:passive-mode off").as("lftp active", "PORT"),
	lftp("set ftp:sync-mode off").as("lftp pipelined", "PASV"),
	ncftp("-F").as("ncftp passive", "PASV"),
	ncftp("-E").as("ncftp active", "PORT"),
	tnftp("-p").as("tnftp passive", "EPSV"),
	tnftp("-A").as("tnftp active", "EPRT"),
	wget().as("wget passive", "PASV"),
	wget("--no-passive-ftp").as("wget active", "PORT"),
}

// sixth is the extended form of a verb, which is all that IPv6 has.
var sixth = map[string]string{"PASV": "EPSV", "PORT": "EPRT", "EPSV": "EPSV", "EPRT": "EPRT"}

func TestRealClients(t *testing.T) {
	for _, c := range realClients {
		for _, host := range []string{"127.0.0.1", "[::1]"} {
			v6 := host != "127.0.0.1"
			if v6 && (c.only4 || strings.HasSuffix(c.name, "PASV") || strings.HasSuffix(c.name, "PORT")) {
				continue
			}
			t.Run(c.name+" "+host, func(t *testing.T) {
				s := startFTP(t, FTPOptions{Addr: host + ":0", Users: map[string]string{"test": "test"}})
				getAndPut(t, c, s, job{host: host, port: s.Port(), dir: t.TempDir()})
				verb := c.verb
				if v6 {
					verb = sixth[verb]
				}
				if said := strings.Join(s.Counts().Commands, "\n"); !strings.Contains(said, verb) {
					t.Errorf("%s was not used:\n%s", verb, said)
				}
			})
		}
	}
}

func getAndPut(t *testing.T, c realClient, s *FTPServer, j job) {
	t.Helper()
	s.Tree().PutSynthetic("down.bin", 5_000_001, 1)
	c.onGet(t, j)
	got, err := os.ReadFile(filepath.Join(j.dir, "down.bin"))
	if err != nil {
		t.Fatal(err)
	}
	s.Tree().Put("check", got)
	if s.Tree().SHA256("check") != s.Tree().SHA256("down.bin") {
		t.Errorf("get: %d bytes differ", len(got))
	}
	if c.onPut == nil {
		return
	}
	up := bytes.Repeat([]byte("up\r\n\xff\x00"), 1<<20)
	if err := os.WriteFile(filepath.Join(j.dir, "up.bin"), up, 0o600); err != nil {
		t.Fatal(err)
	}
	c.onPut(t, j)
	if stored, _ := s.Tree().Get("up.bin"); !bytes.Equal(stored, up) {
		t.Errorf("put: %d bytes differ from %d", len(stored), len(up))
	}
}

// TestMirror is lftp taking and bringing a tree.
func TestMirror(t *testing.T) {
	for _, settings := range []string{"set ftp:passive-mode on", "set ftp:passive-mode off", "set ftp:use-mlsd on", "set ftp:sync-mode off"} {
		t.Run(settings, func(t *testing.T) {
			s := startFTP(t, FTPOptions{})
			for i := range 60 {
				s.Tree().Put(fmt.Sprintf("/tree/d%d/f %d ü", i%5, i), bytes.Repeat([]byte{byte(i)}, i*100))
			}
			dir := t.TempDir()
			run(t, dir, "", "lftp", "--norc", "-c", "set net:max-retries 1; set ftp:ssl-allow no; "+settings+
				"; open -u test,test -p "+strconv.Itoa(s.Port())+" 127.0.0.1; mirror -P4 tree copy; mirror -R -P4 copy back")
			for _, name := range s.Tree().Names() {
				tail, ok := strings.CutPrefix(name, "/tree/")
				if ok && s.Tree().SHA256("/back/"+tail) != s.Tree().SHA256(name) {
					t.Errorf("%s differs", name)
				}
			}
		})
	}
}

// TestRecursiveList is clients reading our listings.
func TestRecursiveList(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a/b/one", "a/two", "three"} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := startFTP(t, FTPOptions{Root: root})
	check := func(t *testing.T, dir string) {
		t.Helper()
		for _, name := range []string{"a/b/one", "a/two", "three"} {
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != name {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
	t.Run("wget", func(t *testing.T) {
		dir := t.TempDir()
		run(t, dir, "", "wget", "-q", "-r", "-nH", fmt.Sprintf("ftp://test:test@%s/", s.Addr()))
		check(t, dir)
	})
	t.Run("ncftp", func(t *testing.T) {
		dir := t.TempDir()
		p := strconv.Itoa(s.Port())
		run(t, dir, "", "ncftpget", "-R", "-V", "-u", "test", "-p", "test", "-P", p, "127.0.0.1", ".", "a", "three")
		check(t, dir)
	})
	t.Run("curl", func(t *testing.T) {
		out := run(t, t.TempDir(), "", "curl", "-sS", "-l", fmt.Sprintf("ftp://test:test@%s/", s.Addr()))
		if out != "a\nthree\n" {
			t.Errorf("curl -l: %q", out)
		}
	})
}

// TestTLS is explicit TLS with protected data connections.
func TestTLS(t *testing.T) {
	config, _, err := SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	const force = "set ftp:ssl-allow yes; set ftp:ssl-force yes; set ssl:verify-certificate no"
	secured := map[string]realClient{
		"curl":        curl("--ssl-reqd", "-k"), // 7.88 hangs in active mode with TLS
		"lftp":        lftp(force),
		"lftp active": lftp(force + "; set ftp:passive-mode off"),
	}
	for name, c := range secured {
		t.Run(name, func(t *testing.T) {
			s := startFTP(t, FTPOptions{TLS: config, RequireTLS: true})
			getAndPut(t, c, s, job{host: "127.0.0.1", port: s.Port(), dir: t.TempDir()})
			if said := strings.Join(s.Counts().Commands, "\n"); !strings.Contains(said, "PROT P") {
				t.Errorf("data in clear:\n%s", said)
			}
		})
	}
}
