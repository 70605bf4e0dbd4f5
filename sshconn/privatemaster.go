//go:build unix

package sshconn

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startMaster runs a private OpenSSH master and rides it. It asks the user
// itself, on the terminal or by SSH_ASKPASS, and checks host keys itself.
func (c *Client) startMaster(ctx context.Context) (carrier, error) {
	ssh := findSSH(c.cfg.options.env("PATH"))
	if ssh == "" {
		return nil, &ConfigError{Text: "the engine openssh needs an ssh binary, and there is none on the PATH"}
	}
	dir, err := os.MkdirTemp("", "ftptunnel-")
	if err != nil {
		return nil, err
	}
	sock := filepath.Join(dir, "master")
	p := &privateMaster{dir: dir, exited: make(chan struct{})}
	args := append([]string{"-c", masterScript, ssh, p.pid()}, c.cfg.masterArguments(sock)...)
	p.cmd = exec.Command("/bin/sh", args...)
	p.cmd.Stderr = &p.text
	p.cmd.WaitDelay = time.Second // what ssh has left running may keep it open
	if p.leash, err = p.cmd.StdinPipe(); err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	c.wg.Go(p.wait)
	if err := p.ready(ctx, sock, c.cfg); err != nil {
		p.stop()
		return nil, err
	}
	m, err := newMaster(ctx, c.cfg, sock, c.notify)
	if err != nil {
		p.stop()
		return nil, p.failure(c.cfg, err)
	}
	m.stop = p.stop
	c.notify(Event{Kind: Connected, Host: c.cfg.Alias, Method: "openssh", Text: ssh})
	return m, nil
}

// masterScript runs a master that ends when the script's standard input does, so
// that none is left behind however we end. A shell without job control keeps the
// terminal's interrupt from what it runs in the background. The file of the
// process id is for kill, which may use it as long as the shell has not ended.
const masterScript = `exec 3<&0; f=$1; shift
"$0" "$@" </dev/null 3<&- & p=$!; echo $p >"$f"
{ read -r _; kill $p; } <&3 >/dev/null 2>&1 & r=$!
wait $p; s=$?; kill $r 2>/dev/null; exit $s`

// masterArguments are the user's options for a master that does nothing else.
func (cfg *Config) masterArguments(sock string) []string {
	o := cfg.options
	args := []string{"-M", "-N", "-S", sock, "-o", "ControlPersist=no", "-o", "ClearAllForwardings=yes",
		"-o", "PermitLocalCommand=no", "-o", "RemoteCommand=none", "-o", "ForkAfterAuthentication=no"}
	if cfg.BatchMode {
		args = append(args, "-o", "BatchMode=yes")
	}
	args = append(args, o.arguments()...)
	args = append(args, "-o", "ServerAliveInterval="+itoa(int(cfg.ServerAliveInterval/time.Second)),
		"-o", "ServerAliveCountMax="+itoa(cfg.ServerAliveCountMax))
	return append(args, "--", cfg.destination)
}

// privateMaster is a master that ends with us.
type privateMaster struct {
	cmd    *exec.Cmd
	leash  io.Closer
	dir    string
	text   tail
	exited chan struct{}
}

func (p *privateMaster) wait() {
	p.cmd.Wait()
	close(p.exited)
}

// ready waits until the control socket is there: after the login.
func (p *privateMaster) ready(ctx context.Context, sock string, cfg *Config) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(sock); err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return p.failure(cfg, errMasterGone)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// failure makes an error of what ssh said last.
func (p *privateMaster) failure(cfg *Config, err error) error {
	text := p.text.last()
	switch {
	case strings.Contains(text, "Permission denied"):
		return &AuthError{User: cfg.User, Host: cfg.HostName, Cause: errors.New(text)}
	case strings.Contains(text, "Host key verification failed"):
		return p.text.hostKeyError(hostName(cfg.HostName, cfg.Port), text)
	case text != "":
		err = errors.New(lowerFirst(text))
	}
	return &ConnectError{Host: cfg.HostName, Port: cfg.Port, Cause: err}
}

// Where ssh says which line contradicts a host key.
var offendingLine = regexp.MustCompile(`(?m)^Offending \S+ key in (.+):(\d+)\r?$`)

// hostKeyError makes an error of what ssh said of a host key that it refused.
func (t *tail) hostKeyError(host, reason string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := &HostKeyError{Host: host, Kind: Unknown, Reason: reason}
	switch {
	case bytes.Contains(t.buf, []byte("REVOKED HOST KEY")):
		e.Kind = Revoked
	case bytes.Contains(t.buf, []byte("HOST IDENTIFICATION HAS CHANGED")):
		e.Kind = Changed
		if m := offendingLine.FindSubmatch(t.buf); m != nil {
			e.File = string(m[1])
			e.Line, _ = strconv.Atoi(string(m[2]))
		}
	}
	return e
}

// pid is the file with the process id of ssh.
func (p *privateMaster) pid() string { return filepath.Join(p.dir, "pid") }

// stopTimeout is how long a master may take to end before it is killed.
const stopTimeout = 2 * time.Second

// stop ends the master and waits for it. One that does not obey is killed, and
// the shell then ends by itself.
func (p *privateMaster) stop() {
	p.leash.Close()
	for _, kill := range []func(){p.kill, func() { p.cmd.Process.Kill() }} {
		if !p.ends(stopTimeout) {
			kill()
		}
	}
	<-p.exited
	os.RemoveAll(p.dir)
}

// ends reports whether the shell ends within a time.
func (p *privateMaster) ends(within time.Duration) bool {
	select {
	case <-p.exited:
		return true
	case <-time.After(within):
		return false
	}
}

// kill kills ssh, which the shell has not waited for yet.
func (p *privateMaster) kill() {
	text, err := os.ReadFile(p.pid())
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && pid > 1 {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// tail keeps the end of what a program writes.
type tail struct {
	mu  sync.Mutex // guards buf
	buf []byte
}

var _ io.Writer = (*tail)(nil)

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.buf = append(t.buf, p...); len(t.buf) > 4096 {
		t.buf = t.buf[len(t.buf)-4096:]
	}
	return len(p), nil
}

// last returns the last line that says something.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(t.buf), []byte("\n"))
	return strings.TrimSuffix(strings.TrimSpace(string(lines[len(lines)-1])), ".")
}
