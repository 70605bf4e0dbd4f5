//go:build unix

package main_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// wrapped runs the program around a command, which may find what it is told to
// fetch at the wrapped server.
func wrapped(t *testing.T, command ...string) (stdout, stderr []byte, status int, ftp *daemons.FTPServer) {
	t.Helper()
	ftp = daemons.VSFTPD(t, daemons.FTPOptions{})
	clients.Populate(t, ftp)
	config := daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: daemons.SSHD(t, daemons.SSHOptions{})})
	args := append([]string{"-F", config, "box", ftp.Addr, "--"}, command...)
	cmd := exec.Command(buildProgram(t, withRace), args...)
	cmd.Dir = t.TempDir()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.Bytes(), errs.Bytes(), cmd.ProcessState.ExitCode(), ftp
}

// Around curl, standard output holds curl's bytes and nothing else.
func TestWrappedCurlPrintsTheFile(t *testing.T) {
	curl := daemons.Find(t, "curl", "curl")
	for _, mode := range [][]string{nil, {"--ftp-port", "-"}} {
		command := append([]string{curl, "-q", "-sS"}, mode...)
		stdout, stderr, status, ftp := wrapped(t, append(command, "{url}/big.bin")...)
		want, err := os.ReadFile(filepath.Join(ftp.Root, "big.bin"))
		if err != nil {
			t.Fatal(err)
		}
		if status != 0 || !bytes.Equal(stdout, want) {
			t.Errorf("curl %v: status %d, %d bytes of %d", mode, status, len(stdout), len(want))
		}
		if len(stderr) > 0 {
			t.Errorf("on standard error: %s", stderr)
		}
	}
}

// Around curl, the exit status is curl's.
func TestWrappedCurlFails(t *testing.T) {
	const remoteFileNotFound = 78 // curl(1)
	curl := daemons.Find(t, "curl", "curl")
	stdout, stderr, status, _ := wrapped(t, curl, "-q", "-sS", "{url}/no-such-file")
	if status != remoteFileNotFound || len(stdout) > 0 || !bytes.HasPrefix(stderr, []byte("curl: ("+strconv.Itoa(remoteFileNotFound)+")")) {
		t.Errorf("status %d, on standard output %q, on standard error %q", status, stdout, stderr)
	}
}
