//go:build unix

package main_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// endlessSize is what nobody waits for: the download of endless.bin is always
// under way.
const endlessSize = 16 << 30

// plantEndless makes the file, which has no blocks.
func plantEndless(t *testing.T, root string) {
	t.Helper()
	name := filepath.Join(root, "endless.bin")
	if err := errors.Join(os.WriteFile(name, nil, 0o644), os.Truncate(name, endlessSize)); err != nil {
		t.Fatal(err)
	}
}

// aborting is a client that aborts a download when its user says so, and goes
// on.
type aborting struct {
	client clients.Client
	modes  []clients.Mode
	args   func(s clients.Site, m clients.Mode) []string
	begin  func(s clients.Site, m clients.Mode, local string) []string // lines that begin the download
	abort  func(cmd *exec.Cmd, stdin io.Writer) error
}

var abortingClients = []aborting{
	{
		client: clients.TNFTP{}, modes: []clients.Mode{clients.PASV, clients.PORT},
		args: terminalArgs, abort: interrupt,
		begin: func(s clients.Site, m clients.Mode, local string) []string {
			return []string{fmt.Sprintf("user %s %s", s.User, s.Password), "binary", "epsv4 off", "get /endless.bin " + local}
		},
	},
	{
		client: clients.Inetutils{}, modes: []clients.Mode{clients.PASV, clients.PORT},
		args: terminalArgs, abort: interrupt,
		begin: func(s clients.Site, m clients.Mode, local string) []string {
			return []string{fmt.Sprintf("user %s %s", s.User, s.Password), "binary", "get /endless.bin " + local}
		},
	},
	{
		client: clients.NcFTP{}, modes: []clients.Mode{clients.PASV, clients.PORT},
		args: func(s clients.Site, _ clients.Mode) []string {
			return []string{"-u", s.User, "-p", s.Password, "-P", fmt.Sprint(s.Port), s.Host}
		},
		abort: interrupt,
		begin: func(_ clients.Site, m clients.Mode, local string) []string {
			passive := map[bool]string{true: "on", false: "off"}[m.Passive()]
			return []string{"set passive " + passive, "get -z /endless.bin " + local}
		},
	},
	{
		client: clients.LFTP{}, modes: []clients.Mode{clients.PASV, clients.PORT},
		args: func(clients.Site, clients.Mode) []string { return []string{"--norc"} },
		begin: func(s clients.Site, m clients.Mode, local string) []string {
			script := clients.LFTP{}.Script(s, m).Args[2]
			return append(strings.Split(script, "; "), "set cmd:fail-exit no", "get /endless.bin -o "+local+" &")
		},
		abort: func(_ *exec.Cmd, stdin io.Writer) error {
			_, err := io.WriteString(stdin, "kill all\n")
			return err
		},
	},
}

// terminalArgs are the arguments of BSD's ftp and its relatives.
func terminalArgs(s clients.Site, m clients.Mode) []string {
	mode := "-p"
	if !m.Passive() {
		mode = "-A"
	}
	return []string{"-n", "-i", "-v", mode, s.Host, fmt.Sprint(s.Port)}
}

func interrupt(cmd *exec.Cmd, _ io.Writer) error { return cmd.Process.Signal(syscall.SIGINT) }

// After ABOR in the middle of a download, of every client that sends it at
// every server, the session goes on: the next file is whole. But for ncftp at
// Pure-FTPd 1.0.50, which at times ends the download with a lone "150 1.053
// seconds (measured here)" instead of a 426: ncftp 3.2.6 then takes each reply
// for the answer to the command after it, whatever is between the two.
func TestAbort(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, server := range daemons.FTPServers {
		t.Run(server.Name, func(t *testing.T) {
			t.Parallel()
			p, ftp := leg{ssh: "sshd", ftp: server.Name}.start(t, path, "-vv")
			plantEndless(t, ftp.Root)
			for _, a := range abortingClients {
				if a.client.Name() == "ncftp" && server.Name == "pure-ftpd" {
					continue // see TestAbort
				}
				for _, mode := range a.modes {
					t.Run(a.client.Name()+" "+string(mode), func(t *testing.T) {
						before := p.stderr.String()
						try := func() error {
							return a.run(t, p.site(t, ftp), mode, filepath.Join(ftp.Root, "big.bin"))
						}
						err := try()
						for n := 1; err != nil && n < sigpipeTries && diedOfSIGPIPE(server.Name, p.stderr.String()[len(before):]) == n; n++ {
							err = try()
						}
						if err != nil {
							t.Error(err)
						}
						p.tells(t, "> ABOR", strings.Count(before, "> ABOR")+1)
					})
				}
			}
		})
	}
}

// sigpipeTries bounds how often a client aborts at a server that ends itself of
// that. Under load four of five times are in vain.
const sigpipeTries = 40

// diedOfSIGPIPE counts in what the program printed how often inetutils-ftpd 2.4
// has ended itself. Sshd ends its connection to it by a FIN and a RST, and what
// the server writes after these brings it SIGPIPE, which makes it exit. It does
// so with a client of its own as well.
func diedOfSIGPIPE(server, printed string) int {
	if server != "inetutils-ftpd" {
		return 0
	}
	return strings.Count(printed, "<= 421 Service not available: the FTP server closed the control connection")
}

// run begins a download, aborts it, and downloads big.bin.
func (a aborting) run(t *testing.T, s clients.Site, m clients.Mode, want string) error {
	t.Helper()
	dir := t.TempDir()
	endless, big := filepath.Join(dir, "endless.bin"), filepath.Join(dir, "big.bin")
	cmd := exec.Command(daemons.Find(t, a.client.Name(), a.client.Package()), a.args(s, m)...)
	cmd.Dir, cmd.Env = dir, append(daemons.Environ(), "HOME="+dir, "TERM=dumb")
	var printed lockedBuffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(rawTimeout, func() { _ = cmd.Process.Kill() })
	defer limit.Stop()
	_, err = io.WriteString(stdin, strings.Join(a.begin(s, m, endless), "\n")+"\n")
	err = errors.Join(err, grows(endless, 1<<20), a.abort(cmd, stdin))
	get := "get /big.bin " + big
	switch a.client.(type) {
	case clients.LFTP:
		get = "get /big.bin -o " + big
	case clients.NcFTP:
		get = "get -z /big.bin " + big
	}
	_, errEnd := io.WriteString(stdin, get+"\nbye\n")
	stdin.Close()
	waited := cmd.Wait() // some end with what failed first: the aborted download
	got, errHash := hashFile(big)
	if sum, errWant := hashFile(want); errors.Join(err, errEnd, errHash, errWant) != nil || got != sum {
		return fmt.Errorf("the file after it is not whole: %v, %v; the client printed:\n%s",
			errors.Join(err, errEnd, errHash, errWant), waited, &printed)
	}
	return nil
}

// grows waits until a file has the size.
func grows(name string, size int64) error {
	deadline := time.After(rawTimeout)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		info, err := os.Stat(name)
		switch {
		case err == nil && info.Size() >= size:
			return nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		}
		select {
		case <-deadline:
			return fmt.Errorf("the download does not begin: %v", err)
		case <-again.C:
		}
	}
}
