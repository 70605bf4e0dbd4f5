//go:build unix

package main_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ftptunnel/testenv/daemons"
)

// waysTimeout bounds one run of a program, on a machine with much else to do.
const waysTimeout = 2 * time.Minute

// ways are the ways in and there that ssh(1) knows: each is shown by a file
// that curl fetches with a real FTP server behind it.
type ways struct {
	path string // the program
	curl string
	ftp  *daemons.FTPServer
	file []byte // what is in /f
}

// TestWays logs in and gets there in every way that a user of ssh(1) may have
// set up.
func TestWays(t *testing.T) {
	w := newWays(t)
	for _, way := range []struct {
		name string
		show func(*testing.T, *ways)
	}{
		{"two keys", twoKeys},
		{"key and answers", keyAndAnswers},
		{"answers", answersAlone},
		{"seven agent keys", sevenAgentKeys},
		{"user certificate", userCertificate},
		{"encrypted key", encryptedKey},
		{"two jumps", twoJumps},
		{"ProxyCommand nc", proxyNetcat},
		{"ProxyCommand ssh -W", proxySSH},
		{"ControlMaster", liveMaster},
		{"engine openssh", engineOpenSSH},
		{"Dropbear", overDropbear},
		{"Dropbear as jump host", jumpDropbear},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			way.show(t, w)
		})
	}
}

func newWays(t *testing.T) *ways {
	t.Helper()
	w := &ways{
		path: buildProgram(t, withRace), curl: daemons.Find(t, "curl", "curl"),
		ftp: daemons.VSFTPD(t, daemons.FTPOptions{}), file: make([]byte, 300_000),
	}
	rand.Read(w.file)
	if err := os.WriteFile(filepath.Join(w.ftp.Root, "f"), w.file, 0o644); err != nil {
		t.Fatal(err)
	}
	return w
}

// outcome is what a program has left.
type outcome struct {
	stdout []byte
	stderr string
	status int
}

// run runs a program without terminal, with the environment of a user who has
// neither agent nor display, and what more it is given.
func (w *ways) run(t *testing.T, env []string, name string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waysTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "GORACE=atexit_sleep_ms=0"}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no /dev/tty
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, &errs)
	}
	return outcome{out.Bytes(), errs.String(), cmd.ProcessState.ExitCode()}
}

// curlModes are curl's options for a passive and for an active data connection.
var curlModes = map[string][]string{"EPSV": nil, "PASV": {"--disable-epsv"}, "EPRT": {"-P", "-"}, "PORT": {"-P", "-", "--disable-eprt"}}

// fetch has curl fetch the file through the program, in a mode, and returns
// what the program told.
func (w *ways) fetch(t *testing.T, env []string, mode string, args ...string) string {
	t.Helper()
	args = append(args, w.ftp.Addr, "--", w.curl, "-q", "-sS")
	args = append(append(args, curlModes[mode]...), "{url}/f")
	o := w.run(t, env, w.path, args...)
	if o.status != 0 || !bytes.Equal(o.stdout, w.file) {
		t.Fatalf("ftptunnel %s: status %d, %d bytes of %d; on standard error:\n%s",
			strings.Join(args, " "), o.status, len(o.stdout), len(w.file), o.stderr)
	}
	return o.stderr
}

// fails has the program fail before the command runs, with one error line and
// one hint line, and returns both.
func (w *ways) fails(t *testing.T, env []string, args ...string) (text, hint string) {
	t.Helper()
	o := w.run(t, env, w.path, append(args, w.ftp.Addr, "--", "echo", "it ran")...)
	lines := strings.Split(strings.TrimSuffix(o.stderr, "\n"), "\n")
	if o.status != 255 || len(o.stdout) > 0 || len(lines) != 2 || !strings.HasPrefix(lines[1], "ftptunnel: hint: ") {
		t.Fatalf("status %d, on standard output %q, on standard error:\n%s", o.status, o.stdout, o.stderr)
	}
	return lines[0], strings.TrimPrefix(lines[1], "ftptunnel: hint: ")
}

// askpass writes a program that notes its prompts and gives the answers, one
// after the other. It returns the environment for it, and the notes' path.
func askpass(t *testing.T, answers ...string) (env []string, notes string) {
	t.Helper()
	dir := daemons.Folder(t)
	notes = filepath.Join(dir, "notes")
	script := fmt.Sprintf("#!/bin/sh\necho \"$1\" >>%[1]s\nsed -n \"$(wc -l <%[1]s)p\" %[2]s\n", notes, filepath.Join(dir, "answers"))
	err := errors.Join(
		os.WriteFile(filepath.Join(dir, "answers"), []byte(strings.Join(answers, "\n")+"\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "askpass"), []byte(script), 0o700))
	if err != nil {
		t.Fatal(err)
	}
	return []string{"SSH_ASKPASS=" + filepath.Join(dir, "askpass"), "SSH_ASKPASS_REQUIRE=force"}, notes
}

// prompts are what askpass has noted.
func prompts(t *testing.T, notes string) []string {
	t.Helper()
	text, err := os.ReadFile(notes)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// tool runs a program that has to succeed.
func tool(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(daemons.Find(t, name, "openssh-client"), args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

// until waits for what must come about.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(waysTimeout)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("not after %v: %s", waysTimeout, what)
		case <-again.C:
		}
	}
}
