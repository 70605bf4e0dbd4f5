package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ftptunnel/testenv/daemons/clients"
)

// transfer is what a client says of one file.
type transfer struct {
	bytes      int64
	begin, end time.Time // from the transfer command on: without the login
}

// rate is in bytes a second.
func (t transfer) rate() float64 { return float64(t.bytes) / t.end.Sub(t.begin).Seconds() }

// runClient runs a client on the client's host and returns what it printed on
// its standard output.
func (s *scene) runClient(cmd *exec.Cmd) (string, error) {
	var out strings.Builder
	cmd.Stdout = &out
	cmd.Env = append(os.Environ(), "HOME="+s.local, "LC_ALL=C.UTF-8")
	p, err := startOn(s.client, cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, p.stderr.String())
	}
	return out.String(), nil
}

// curl prepares a run of curl through a peer.
func (s *scene) curl(p *peer, mode clients.Mode, args ...string) *exec.Cmd {
	options := []string{"-q", "-sS", "--fail", "--max-time", "600"}
	if p.socks != "" {
		options = append(options, "--socks5", p.socks)
	}
	switch mode {
	case clients.PASV:
		options = append(options, "--disable-epsv")
	case clients.PORT:
		options = append(options, "--ftp-port", "-", "--disable-eprt")
	case clients.EPRT:
		options = append(options, "--ftp-port", "-")
	}
	return command(s.ctx, "curl", append(options, args...)...)
}

// get downloads a file of the server's root, to nowhere.
func (s *scene) get(p *peer, name string) (transfer, error) {
	return s.timed(s.curl(p, clients.EPSV, "-w", timing, "-o", "/dev/null", p.url(name)))
}

// put uploads the client's file of that name. The server's copy is removed.
func (s *scene) put(p *peer, name string) (transfer, error) {
	t, err := s.timed(s.curl(p, clients.EPSV, "-w", timing, "-T", filepath.Join(s.local, name), p.url(s.ftp.Upload+"/")))
	if err != nil {
		return t, err
	}
	return t, s.remove(name, t.bytes)
}

// remove removes an upload, which has to have the size. The server's last
// write may come after the client's end.
func (s *scene) remove(name string, size int64) error {
	stored := filepath.Join(s.ftp.Root, s.ftp.Upload, name)
	info, err := os.Stat(stored)
	if err != nil {
		return err
	}
	if info.Size() != size {
		return fmt.Errorf("of an upload of %d bytes the server has %d", size, info.Size())
	}
	return os.Remove(stored)
}

func (p *peer) url(path string) string { return "ftp://" + p.at + "/" + path }

// timing makes curl print its clock, in seconds, and what it has moved.
const timing = "%{time_pretransfer} %{time_total} %{size_download} %{size_upload}\n"

func (s *scene) timed(cmd *exec.Cmd) (transfer, error) {
	out, err := s.runClient(cmd)
	end := time.Now()
	if err != nil {
		return transfer{}, err
	}
	var before, total float64
	var down, up int64
	if _, err := fmt.Sscan(out, &before, &total, &down, &up); err != nil {
		return transfer{}, fmt.Errorf("curl printed %q: %w", out, err)
	}
	took := time.Duration((total - before) * float64(time.Second))
	return transfer{down + up, end.Add(-took), end}, nil
}

// fetcher is a client that downloads all the small files over one control
// connection.
type fetcher struct {
	client string
	mode   clients.Mode
}

func (f fetcher) String() string { return f.client + " " + string(f.mode) }

// fetchers are the clients in their modes over IPv4.
func fetchers() []fetcher {
	var all []fetcher
	for _, c := range []clients.Client{clients.Curl{}, clients.LFTP{}} {
		for _, mode := range c.Modes(false) {
			all = append(all, fetcher{c.Name(), mode})
		}
	}
	return all
}

// errIncomplete is a run whose client did not get every file.
var errIncomplete = errors.New("not all files arrived")

// fetch downloads small files and returns how many a second. A run in which
// ssh -L has lost a file is not counted and made again: now and then the one
// passive port that it forwards has no listener yet when the client connects.
func (s *scene) fetch(f fetcher, p *peer) (float64, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	rate, err := s.download(f, p)
	for again := 0; again < 3 && p.name == sshL && errors.Is(err, errIncomplete); again++ {
		rate, err = s.download(f, p)
	}
	return rate, err
}

func (s *scene) download(f fetcher, p *peer) (float64, error) {
	n := s.options.files
	if p.name == sshL || p.name == sshD {
		n = max(1, n/4) // they are slow, and no goal needs them to be exact
	}
	dir, err := os.MkdirTemp(s.local, "fetch-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	cmd := s.curl(p, f.mode, "--output-dir", dir, "--remote-name-all",
		p.url(fmt.Sprintf("%s/f[0000-%04d]", smallDir, n-1)))
	if f.client == (clients.LFTP{}).Name() {
		cmd = s.lftp(p, f.mode, dir)
	}
	start := time.Now()
	if _, err := s.runClient(cmd); err != nil {
		return 0, err
	}
	took := time.Since(start)
	return float64(n) / took.Seconds(), complete(dir, n)
}

// lftp prepares a run of lftp that mirrors the folder of small files.
func (s *scene) lftp(p *peer, mode clients.Mode, dir string) *exec.Cmd {
	host, port, _ := strings.Cut(p.at, ":")
	site := clients.Site{Host: host, User: s.ftp.User, Password: s.ftp.Password}
	site.Port, _ = strconv.Atoi(port) // at is an address that somebody listens at
	script := clients.LFTP{}.Script(site, mode, "mirror "+smallDir+" "+dir)
	return command(s.ctx, script.Program, script.Args...)
}

// complete checks that n small files have arrived.
func complete(dir string, n int) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(files) != n {
		return fmt.Errorf("%w, but %d of %d", errIncomplete, len(files), n)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Size() != 1024 {
			return fmt.Errorf("%w whole, as %s", errIncomplete, f.Name())
		}
	}
	return nil
}
