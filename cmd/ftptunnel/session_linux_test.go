package main_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ftptunnel/testenv/tty"
)

// Files of the FTP server of a session, and of its crontab.
const (
	sessionFile  = "pub/disk.img"
	sessionBytes = 200_000_000
	sessionCron  = `ftptunnel --batch files -- lftp -c 'open -p {port} {host}; mirror --only-newer pub /srv/pub'`
)

// session is the way of a newcomer, who has two terminals.
type session struct {
	t       *testing.T
	scene   *scene
	screens map[string]string
}

// TestSession goes the way of docs/session.md, and holds its screens against
// what the program shows.
func TestSession(t *testing.T) {
	needScene(t)
	program, err := exec.LookPath("ftptunnel") // this program, as TestMain says
	if err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, scene: newScene(t, program, false), screens: map[string]string{}}
	t.Cleanup(s.scene.sweep)
	s.show("demo", s.shell("ftptunnel --demo"), 0)
	s.show("check", s.shell("ftptunnel --check files"), 0)
	s.cron()
	s.forward()
	holdPage(t, "session.md", s.screens)
}

// ran is what became of a command line.
type ran struct {
	command, printed string
	status           int
	err              error // it could not be run
}

// shell runs a command line.
func (s *session) shell(command string) ran {
	cmd := s.scene.command(command)
	var out []byte
	err := s.scene.hosts[""].Do(func() error {
		var err error
		out, err = cmd.CombinedOutput()
		return err
	})
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		return ran{command: command, err: err}
	}
	return ran{command: command, printed: string(out), status: cmd.ProcessState.ExitCode()}
}

// show has a screen with a command, which must have ended with a status.
func (s *session) show(screen string, r ran, status int) {
	s.t.Helper()
	if r.err != nil || r.status != status {
		s.t.Errorf("%s: status %d, not %d (%v):\n%s", r.command, r.status, status, r.err, r.printed)
	}
	s.screens[screen] = "$ " + r.command + "\n" + r.printed
}

// cron runs a line of a crontab as cron does, by /bin/sh and without a
// terminal: on a good night, and on one on which nobody listens.
func (s *session) cron() {
	s.t.Helper()
	s.screens["crontab"] = "0 3 * * *  " + sessionCron + "\n"
	line := "exec /bin/sh -c " + quoted(sessionCron)
	if r := s.shell(line); r.err != nil || r.printed != "" || r.status != 0 {
		s.t.Errorf("%+v", r)
	}
	s.show("mirrored", s.shell("ls /srv/pub"), 0)
	good, err := os.ReadFile(filepath.Join(s.scene.dir, "home/me/.ssh/config"))
	if err != nil {
		s.t.Fatal(err)
	}
	const name = "HostName files.example.com\n"
	bad := strings.Replace(string(good), name, name+"    Port 2222\n", 1)
	s.scene.write(s.t, "home/me/.ssh/config", bad)
	r := s.shell(line)
	if r.err != nil || r.status != 255 {
		s.t.Errorf("%+v", r)
	}
	s.screens["mail"] = r.printed
	s.scene.write(s.t, "home/me/.ssh/config", string(good))
}

// quoted is a word for sh(1).
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// forward has the program in one terminal and curl in the other, and an SSH
// server that dies in mid-transfer.
func (s *session) forward() {
	s.t.Helper()
	file := filepath.Join(s.scene.roots[1], sessionFile)
	if err := errors.Join(os.WriteFile(file, nil, 0o644), os.Truncate(file, sessionBytes)); err != nil {
		s.t.Fatal(err)
	}
	x := tty.New(s.t, 120, 24)
	cmd := s.scene.command("ftptunnel files")
	cmd.Env = append(cmd.Env, "TERM=xterm")
	x.Control(cmd)
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err := s.scene.hosts[""].Do(cmd.Start); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	x.Await("the address", func(s []string) bool { return line(s, "^ftp://127.0.0.1:2121$") })
	s.keep("ready", x)
	s.show("listing", s.shell("curl -sS ftp://127.0.0.1:2121/pub/"), 0)

	get := "curl -sSO --limit-rate 5M ftp://127.0.0.1:2121/" + sessionFile
	broken := make(chan ran, 1)
	go func() { broken <- s.shell(get) }()
	x.Await("the download", func(s []string) bool {
		return line(s, `^get disk\.img +\d\d\.\d MB of 200\.0 MB +\d\d% +\d\.\d MB/s +0:\d\d left$`)
	})
	s.keep("running", x)
	s.scene.gate.Cut()
	s.show("broken", <-broken, 56)
	x.Await("what has happened", func(s []string) bool { return line(s, "cut after ") && !live(s) })
	s.keep("cut", x)
	s.show("resumed", s.shell(strings.Replace(get, "--limit-rate 5M", "-C -", 1)), 0)
	got, err := os.Stat(filepath.Join(s.scene.dir, "home/me", filepath.Base(sessionFile)))
	if err != nil || got.Size() != sessionBytes {
		s.t.Errorf("%v, %v", got, err)
	}
	x.Type("\x03")
	if err := <-ended; err != nil {
		s.t.Errorf("after Ctrl-C: %v", err)
	}
	x.Await("the summary", func(s []string) bool { return line(s, "in all ") })
	s.keep("summary", x)
	// A terminal shows the ^C, unless a live line was just going.
	shown := strings.ReplaceAll(s.screens["summary"], "^C", "")
	s.screens["summary"] = strings.Replace(shown, "ftptunnel: in all", "^Cftptunnel: in all", 1)
}

// keep has a screen with what is seen of the program in its terminal.
func (s *session) keep(name string, x *tty.Terminal) {
	s.screens[name] = "$ ftptunnel files\n" + strings.Join(x.Screen(), "\n") + "\n"
}
