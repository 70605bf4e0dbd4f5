//go:build linux

package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/netlab"
)

// pageClients are what the commands of the pages are, with their packages.
var pageClients = []string{
	"bash:bash", "curl:curl", "wget:wget", "lftp:lftp", "ncftpget:ncftp", "rclone:rclone", "python3:python3",
	"ssh:openssh-client", "jq:jq",
}

// TestPages runs every command of README.md and docs/*.md that is not marked as
// impossible here, as it is written, on hosts that are called what the pages
// call them. How pages are written for it stands in pages_parse_test.go.
func TestPages(t *testing.T) {
	needScene(t)
	program := buildProgram(t, withRace)
	// More than t.Parallel runs at a time, for most of the time is waiting:
	// ProFTPD pauses for 0.2 s after every session.
	var following sync.WaitGroup
	defer following.Wait()
	places := make(chan struct{}, 6)
	all := readPages(t)
	slices.SortFunc(all, func(a, b *page) int { return len(b.commands()) - len(a.commands()) })
	for _, p := range all { // what takes longest begins first
		if len(p.commands()) == 0 {
			continue
		}
		following.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			t.Run(filepath.Base(p.name), func(t *testing.T) { follow(t, program, p) })
		})
	}
}

// follow runs the commands of a page.
func follow(t *testing.T, program string, p *page) {
	strict := strings.Contains(strings.Join(p.commands(), "\n"), " strict")
	r := &reader{t: t, scene: newScene(t, program, strict)}
	t.Cleanup(r.scene.sweep)
	defer r.stop()
	for _, b := range p.blocks {
		r.read(p.name, b)
	}
}

// needScene ends the test where a scene cannot be made, or lacks a client.
func needScene(t *testing.T) {
	t.Helper()
	if err := netlab.Available(); err != nil {
		daemons.Missing(t, "the pages' hosts: %v", err)
	}
	if out, err := exec.Command("unshare", "-m", "true").CombinedOutput(); err != nil {
		daemons.Missing(t, "the pages' hosts need mount namespaces: %v: %s", err, out)
	}
	for _, client := range pageClients {
		program, pkg, _ := strings.Cut(client, ":")
		daemons.Find(t, program, pkg)
	}
}

// reader follows a page.
type reader struct {
	t      *testing.T
	scene  *scene
	tunnel *running // in its other terminal, if any
}

// running is a command that runs.
type running struct {
	cmd    *exec.Cmd
	where  string // in the page
	step   step
	output string        // a file
	done   chan struct{} // closed when it has ended
}

func (r *reader) read(page string, b *block) {
	if name, ok := b.marks["file"]; ok {
		name = strings.TrimPrefix(name, "~/")
		r.scene.write(r.t, filepath.Join("home/me", name), strings.Join(b.lines, "\n")+"\n")
		return
	}
	steps := b.steps()
	for i, s := range steps {
		last := i == len(steps)-1
		stays := s.tunnels() > 0 || last && b.has("stays")
		if stays {
			r.stop() // the one before
		}
		c := r.start(fmt.Sprintf("%s:%d", page, s.line), s, b.marks["typed"])
		if stays {
			r.ready(c, b.number("stays"))
			continue
		}
		want := 0
		if last {
			want = b.number("status")
		}
		r.finish(c, want)
	}
}

// start runs a command.
func (r *reader) start(where string, s step, typed string) *running {
	c := &running{cmd: r.scene.command(s.command), where: where, step: s, done: make(chan struct{})}
	output, err := os.CreateTemp(r.t.TempDir(), "output")
	if err != nil {
		r.t.Fatal(err)
	}
	defer output.Close()
	c.output = output.Name()
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = strings.NewReader(typed+"\n"), output, output
	c.cmd.WaitDelay = time.Second
	host := r.scene.hosts[s.host]
	if host == nil {
		r.t.Fatalf("%s: there is no host %s", where, s.host)
	}
	if err := host.Do(c.cmd.Start); err != nil {
		r.t.Fatalf("%s: %v", where, err)
	}
	go func() {
		defer close(c.done)
		_ = c.cmd.Wait()
	}()
	return c
}

// printed is what the command has printed so far.
func (r *reader) printed(c *running) string {
	text, err := os.ReadFile(c.output)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// ready waits until a tunnel can be connected to: when it has printed what the
// page shows, or listens on the port.
func (r *reader) ready(c *running, port int) {
	r.tunnel = c
	until(r.t, c.where+": "+c.step.command, func() bool {
		select {
		case <-c.done:
			r.t.Fatalf("%s: %s: ended (%v), and has printed:\n%s", c.where, c.step.command, c.cmd.ProcessState, r.printed(c))
		default:
		}
		if c.step.tunnels() == 0 {
			return listens(c.cmd.Process.Pid, port)
		}
		return strings.Count("\n"+r.printed(c), "\nftp://") == c.step.tunnels()
	})
}

// listens reports whether somebody on the host of a process listens on a port
// of 127.0.0.1.
func listens(pid, port int) bool {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", pid))
	return strings.Contains(string(text), fmt.Sprintf(" 0100007F:%04X 00000000:0000 0A ", port))
}

// finish waits for a command's end.
func (r *reader) finish(c *running, want int) {
	select {
	case <-c.done:
	case <-time.After(waysTimeout):
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
		<-c.done
		r.t.Fatalf("%s: %s: does not end, and has printed:\n%s", c.where, c.step.command, r.printed(c))
	}
	printed := r.printed(c)
	r.t.Logf("%s: $ %s\n%s", c.where, c.step.command, printed)
	if got := c.cmd.ProcessState.ExitCode(); got != want {
		r.t.Errorf("%s: %s: status %d, not %d", c.where, c.step.command, got, want)
	}
	if err := showsAll(c.step.shown, printed); err != nil {
		r.t.Errorf("%s: %s: %v", c.where, c.step.command, err)
	}
}

// stop ends the tunnel as Ctrl-C does.
func (r *reader) stop() {
	c := r.tunnel
	if c == nil {
		return
	}
	r.tunnel = nil
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGINT)
	want := 0
	if strings.HasPrefix(c.step.command, "ssh ") {
		want = 255 // ssh calls its end by a signal that
	}
	r.finish(c, want)
}
