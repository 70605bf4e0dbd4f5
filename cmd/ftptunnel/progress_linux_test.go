package main_test

import (
	"fmt"
	"io"
	"iter"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
	"ftptunnel/testenv/tty"
)

// progressScene is the program at work on a slow server.
type progressScene struct {
	t    *testing.T
	path string // the program
	args []string
	ftp  *testenv.FTPServer
}

// Files of a progressScene, and how fast they come.
const (
	slowFile  = "pub/debian-12.9.0-amd64-netinst.iso"
	slowToo   = "pub/photos.tar"
	slowBytes = 200_000_000
	slowRate  = 2_000_000
	smallFile = "small.txt"
)

// newProgressScene starts the servers.
func newProgressScene(t *testing.T) *progressScene {
	t.Helper()
	tree := &testenv.Tree{}
	tree.PutSynthetic(slowFile, slowBytes, 1)
	tree.PutSynthetic(slowToo, slowBytes/2, 2)
	tree.Mkdir("backup")
	tree.Put(smallFile, []byte("small\n"))
	ftp, err := testenv.NewFTPServer(testenv.FTPOptions{Tree: tree, Faults: testenv.Faults{Rate: slowRate}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ftp.Close() })
	s := daemons.SSHD(t, daemons.SSHOptions{})
	config := daemons.SSHConfig(t, daemons.Alias{Name: "files", Server: s})
	path, err := exec.LookPath("ftptunnel") // this program, as TestMain says
	if err != nil {
		t.Fatal(err)
	}
	return &progressScene{
		t: t, path: path, ftp: ftp,
		args: []string{"-F", config, "--listen", "127.0.0.1:0", "files", ftp.Addr()},
	}
}

// started finds where clients arrive, in what the program has printed.
func started(t *testing.T, text string) clients.Site {
	t.Helper()
	u, err := url.Parse(regexp.MustCompile(`ftp://\S+`).FindString(text))
	if err != nil || u.Host == "" {
		t.Fatalf("no address in %q", text)
	}
	var port int
	if _, err := fmt.Sscan(u.Port(), &port); err != nil {
		t.Fatal(err)
	}
	return clients.Site{Host: u.Hostname(), Port: port, User: "anonymous", Password: "x@example.com"}
}

// transfers are data connections that something passes on.
type transfers struct {
	conns []net.Conn
	wg    sync.WaitGroup
}

// carry passes data on until the connection ends.
func (x *transfers) carry(conn net.Conn, up bool) {
	x.conns = append(x.conns, conn)
	x.wg.Go(func() {
		if up {
			_, _ = io.Copy(conn, zeros{})
			return
		}
		_, _ = io.Copy(io.Discard, conn)
	})
}

// end breaks them off, as a client does that was told to stop.
func (x *transfers) end() {
	for _, c := range x.conns {
		c.Close()
	}
	x.wg.Wait()
}

// zeros never end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// begin starts downloads and one upload.
func (p *progressScene) begin(at clients.Site, upload string, downloads ...string) *transfers {
	p.t.Helper()
	x := new(transfers)
	p.t.Cleanup(x.end)
	for _, name := range downloads {
		x.carry(dialRaw(p.t, at).begin(true, "/"+name), false)
	}
	c := dialRaw(p.t, at)
	conn := c.data()
	c.do("150", "STOR %s", upload)
	x.carry(conn, true)
	return x
}

// line finds a live line on a screen.
func line(screen []string, pattern string) bool {
	return slices.ContainsFunc(screen, regexp.MustCompile(pattern).MatchString)
}

// live tells any live line.
func live(screen []string) bool { return line(screen, `^(get|put|ls ) |^and \d+ more, `) }

// TestProgress shows transfers on a terminal, and nowhere else.
func TestProgress(t *testing.T) {
	p := newProgressScene(t)
	for name, show := range map[string]func(*testing.T, *progressScene){
		"terminal": onTerminal, "tmux": inTmux, "pipe": inPipe,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := *p
			one.t = t
			show(t, &one)
		})
	}
}

// start runs the program on a terminal until the test ends.
func (p *progressScene) start(x *tty.Terminal, options ...string) (at clients.Site, end func()) {
	p.t.Helper()
	cmd := exec.Command(p.path, append(options, p.args...)...)
	cmd.Env = append(daemons.Environ(), "TERM=xterm", "GORACE=atexit_sleep_ms=0")
	x.Control(cmd)
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	x.Await("the address", func(s []string) bool { return line(s, "^ftp://") })
	return started(p.t, strings.Join(x.History(), "\n")), func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			p.t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			p.t.Errorf("after SIGTERM: %v", err)
		}
	}
}

// onTerminal has three transfers at once, then more than have room, and log
// lines above them. At the end nothing of it is left.
func onTerminal(t *testing.T, p *progressScene) {
	x := tty.New(t, 80, 24)
	at, end := p.start(x, "-v")
	moving := p.begin(at, "name that clears \x1b[2J.bin", slowFile, slowToo)
	x.Await("three transfers", func(s []string) bool {
		return line(s, `^get \S+ +\d+\.\d MB of 200\.0 MB +\d+%  +\d+\.\d [kM]B/s +\d+:\d\d left$`) &&
			line(s, `^put name that \.{3}1b\[2J\.bin +\d+\.\d MB +\d+\.\d [kM]B/s$`) && live(s[len(s)-3:])
	})
	small := dialRaw(t, at)
	conn := small.begin(true, "/"+smallFile)
	if text, err := io.ReadAll(conn); err != nil || string(text) != "small\n" {
		t.Errorf("%q, %v", text, err)
	}
	small.hear("226")
	x.Await("the small file's line above the live ones", func(s []string) bool {
		return live(s[len(s)-3:]) && line(s[:len(s)-3], `^ftptunnel: \[4\] RETR /small.txt: 6 bytes in `)
	})
	many := p.begin(at, "up", slices.Repeat([]string{slowFile}, 9)...)
	x.Await("the rest in one line", func(s []string) bool {
		return line(s, `^and 6 more, \d+\.\d MB/s in all$`) && live(s[len(s)-8:])
	})
	x.Resize(40, 24)
	x.Await("narrow lines", func(s []string) bool { return line(s, `^get debia\.{4}iso +\d+% +\d+\.\d [kM]B/s +\d+:\d\d$`) })
	x.Resize(80, 24)
	many.end()
	moving.end()
	x.Await("the end", func(s []string) bool { return !live(s) && line(s, "STOR name that clears") })
	end()
	x.Await("the summary", func(s []string) bool { return line(s, "^ftptunnel: in all 14 sessions, ") })
	wantWhole(t, x)
}

// wantWhole checks that all that scrolled off are lines of the log, each with
// its beginning, and that nothing was too wide.
func wantWhole(t *testing.T, x *tty.Terminal) {
	t.Helper()
	if strings.Contains(x.Raw(), "DATA RACE") {
		t.Errorf("the race detector found a race:\n%s", x.Raw())
	}
	begun, over := 0, 0
	for _, l := range x.History() {
		switch {
		case regexp.MustCompile(`^ftptunnel: \[\d+\] RETR /pub/debian\S+: `).MatchString(l):
			over++
		case strings.HasSuffix(l, "] RETR /"+slowFile):
			begun++
		}
	}
	if begun != 10 || over != 10 {
		t.Errorf("%d lines for 10 downloads that began, %d for their ends", begun, over)
	}
	if live(x.History()) {
		t.Errorf("live lines are left:\n%s", strings.Join(x.History(), "\n"))
	}
}

// inPipe has nothing of it, however long it takes.
func inPipe(t *testing.T, p *progressScene) {
	cmd := launchProgram(t, p.path, p.args...)
	t.Cleanup(func() { cmd.kill(syscall.SIGKILL); cmd.log(t) })
	before := p.ftp.Counts().Sent
	moving := p.begin(cmd.site(t, &daemons.FTPServer{User: "anonymous", Password: "x"}), "up", slowFile, slowToo)
	if err := p.ftp.Await(t.Context(), func(c testenv.FTPCounts) bool { return c.Sent > before+5*slowRate }); err != nil {
		t.Fatal(err)
	}
	moving.end()
	cmd.kill(syscall.SIGTERM)
	if text := cmd.stderr.String(); text != "" {
		t.Errorf("it printed\n%q", text)
	}
}

// inTmux holds docs/progress.md against what tmux shows of three transfers.
func inTmux(t *testing.T, p *progressScene) {
	tmux := daemons.Find(t, "tmux", "tmux")
	screens := map[string]string{}
	for _, columns := range []int{80, 40} {
		screens[fmt.Sprint("columns-", columns)] = p.captured(tmux, columns)
	}
	holdPage(t, "progress.md", screens)
}

// captured is what tmux shows once three transfers have gone for a while.
func (p *progressScene) captured(tmux string, columns int) string {
	p.t.Helper()
	socket := filepath.Join(p.t.TempDir(), "tmux")
	run := func(args ...string) string {
		p.t.Helper()
		cmd := exec.Command(tmux, append([]string{"-S", socket, "-f", "/dev/null"}, args...)...)
		cmd.Env = append(daemons.Environ(), "GORACE=atexit_sleep_ms=0")
		out, err := cmd.CombinedOutput()
		if err != nil {
			p.t.Fatalf("%v: %v: %s", cmd.Args, err, out)
		}
		return string(out)
	}
	run(append([]string{"new-session", "-d", "-x", fmt.Sprint(columns), "-y", "12", p.path}, p.args...)...)
	defer run("kill-server")
	capture := func() []string { return strings.Split(strings.TrimRight(run("capture-pane", "-p"), "\n"), "\n") }
	until(p.t, "the address", func() bool { return line(capture(), "^ftp://") })
	at := started(p.t, strings.Join(capture(), "\n"))
	moving := p.begin(at, "backup/laptop-2026-11-20.tar.gz", slowFile, slowToo)
	defer moving.end()
	var screen []string
	until(p.t, "three transfers", func() bool {
		screen = capture()
		return len(slices.Collect(liveLines(screen))) == 3 && line(screen, " [2-9]% ")
	})
	return strings.ReplaceAll(strings.Join(screen, "\n")+"\n", fmt.Sprint(at.Port), "2121")
}

// liveLines are the live lines of a screen.
func liveLines(screen []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, l := range screen {
			if live([]string{l}) && !yield(l) {
				return
			}
		}
	}
}
