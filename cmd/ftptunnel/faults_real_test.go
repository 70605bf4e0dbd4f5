//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// realScene is a real sshd behind a link, and a real vsftpd.
type realScene struct {
	t      testing.TB
	sshd   *daemons.SSHServer
	ftpd   *daemons.FTPServer
	link   *testenv.DelayLine
	config string
}

func newRealScene(t testing.TB, rate int) *realScene {
	t.Helper()
	s := &realScene{t: t, sshd: daemons.SSHD(t, daemons.SSHOptions{})}
	s.ftpd = daemons.VSFTPD(t, daemons.FTPOptions{Extra: []string{fmt.Sprint("anon_max_rate=", rate)}})
	var err error
	if s.link, err = testenv.NewDelayLine(s.sshd.Addr, 0, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.sshd.Thaw(); s.link.Close() })
	s.put(bigFile, synthetic(bigBytes))
	s.put(nextFile, synthetic(nextBytes))
	if err := os.Mkdir(filepath.Join(s.ftpd.Root, longDir), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range longNames {
		s.put(fmt.Sprintf("%s/file-%05d.txt", longDir, i), nil)
	}
	s.config = daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: s.sshd,
		Extra: []string{fmt.Sprint("Port ", s.link.Port()), fmt.Sprintf("HostKeyAlias [%s]:%d", s.sshd.Host, s.sshd.Port)}})
	return s
}

// put stores a file on the FTP server.
func (s *realScene) put(name string, content []byte) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.ftpd.Root, name), content, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *realScene) args(options ...string) []string {
	args := append([]string{"-F", s.config, "--listen", "127.0.0.1:0"}, keepalive...)
	return append(append(args, options...), "box", s.ftpd.Addr)
}

// realFault is a row of the table with real servers.
type realFault struct {
	name         string
	strike, mend func(*realCell)
	client       bool // the client's own
	frozen       bool // of them, after which it goes on
	data         bool // breaks nothing where no data flows
}

// realFaults are the rows.
var realFaults = []realFault{
	{name: "SSH reset", strike: func(c *realCell) { c.link.Cut() }},
	{name: "sshd's child killed", strike: func(c *realCell) { c.sshd.Cut() }},
	{name: "sshd frozen", strike: func(c *realCell) { c.sshd.Freeze() }, mend: func(c *realCell) { c.sshd.Thaw() }},
	{name: "link stalled", strike: func(c *realCell) { c.link.Stall() }, mend: func(c *realCell) { c.link.Resume() }},
	{name: "vsftpd's child killed", strike: func(c *realCell) { c.ftpd.Cut() }},
	{name: "vsftpd's data connection reset", data: true, strike: (*realCell).resetData},
	{name: "client killed", client: true, strike: func(c *realCell) { c.signal(syscall.SIGKILL) }},
	{name: "client frozen", client: true, frozen: true, strike: (*realCell).standStill},
}

// realCell is one combination: curl is the client; where it is idle the witness
// is, or for the client's own faults Python's ftplib.
type realCell struct {
	*realScene
	realFault
	action, mode string
	run          *running
	process      *exec.Cmd // the client
	stderr       bytes.Buffer
	got          []byte
}

func (c *realCell) signal(s syscall.Signal) { _ = c.process.Process.Signal(s) }

func (c *realCell) resetData() {
	if err := c.ftpd.ResetData(c.t); err != nil {
		c.t.Error(err)
	}
}

// standStill stops curl, has another client served meanwhile, and lets curl go
// on.
func (c *realCell) standStill() {
	c.signal(syscall.SIGSTOP)
	if err := c.next(); err != nil {
		c.t.Error("beside a stopped client: ", err)
	}
	c.signal(syscall.SIGCONT)
}

func (c *realCell) path() string {
	switch c.action {
	case "get":
		return bigFile
	case "list":
		return longDir
	}
	return "up/cut.bin"
}

// play runs curl until a third of the bytes has passed, breaks something, and
// returns how curl ended.
func (c *realCell) play() error {
	site := clients.Site{Host: "127.0.0.1", User: c.ftpd.User, Password: c.ftpd.Password}
	fmt.Sscanf(c.run.addr, "127.0.0.1:%d", &site.Port)
	var command clients.Command
	switch mode := clients.Mode(c.mode); c.action {
	case "get":
		command = clients.Curl{}.Get(site, mode, "/"+c.path(), "-")
	case "list":
		command = clients.Curl{}.List(site, mode, "/"+c.path())
	default:
		command = clients.Curl{}.Put(site, mode, "-", "/"+c.path())
	}
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	defer cancel()
	c.process = exec.CommandContext(ctx, daemons.Find(c.t, "curl", "curl"), append(command.Args, "-N")...)
	c.process.Stderr = &c.stderr
	err := c.upload
	if c.action != "put" {
		err = c.download
	}
	if err := err(); err != nil {
		return err
	}
	if err := c.process.Wait(); err != nil && ctx.Err() == nil {
		return &curlError{err, c.stderr.String()}
	}
	return context.Cause(ctx)
}

// curlError says that curl ended with an error, as it mostly should: 18 and 56
// stand for broken data, 55 for an upload that broke, 28 for a 421.
type curlError struct {
	err    error
	stderr string
}

func (e *curlError) Error() string { return fmt.Sprintf("%v: %s", e.err, strings.TrimSpace(e.stderr)) }

func (c *realCell) download() error {
	out, err := c.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.process.Start(); err != nil {
		return err
	}
	at := bigBytes * 3 / 10
	if c.action == "list" {
		at = longNames * 50 * 3 / 10
	}
	c.got = make([]byte, at)
	if n, err := io.ReadFull(out, c.got); err != nil {
		_ = c.process.Wait()
		return fmt.Errorf("curl gave %d bytes: %v: %s", n, err, c.stderr.String())
	}
	c.realFault.strike(c)
	rest, err := io.ReadAll(out)
	c.got = append(c.got, rest...)
	return err
}

func (c *realCell) upload() error {
	in, err := c.process.StdinPipe()
	if err != nil {
		return err
	}
	if err := c.process.Start(); err != nil {
		return err
	}
	content := synthetic(bigBytes)
	at := bigBytes * 3 / 10
	if _, err := in.Write(content[:at]); err != nil {
		return err
	}
	if !eventually(c.arrives) { // else it may all be in the pipe to curl
		return errors.New("nothing of the upload arrives")
	}
	c.realFault.strike(c)
	_, _ = in.Write(content[at:]) // curl may have ended
	return in.Close()
}

// arrives reports whether the FTP server has some of the upload.
func (c *realCell) arrives() bool {
	info, err := os.Stat(filepath.Join(c.ftpd.Root, c.path()))
	return err == nil && info.Size() > 0
}

// idle is the witness's: curl cannot wait.
func (c *realCell) idle() (string, error) {
	w, err := enter(c.run.addr)
	if err != nil {
		return "", err
	}
	defer w.conn.Close()
	end, err := w.announce(c.mode)
	if err != nil {
		return "", err
	}
	defer end.close()
	s, err := w.wait(strike{do: func() error { c.realFault.strike(c); return nil }})
	if err == nil && !strings.HasPrefix(s.reply, "421") {
		err = fmt.Errorf("the idle client was told %q, %v", s.reply, s)
	}
	return s.String(), err
}

// next is the next client.
func (c *realCell) next() error {
	w, err := enter(c.run.addr)
	if err != nil {
		return err
	}
	defer w.conn.Close()
	got, err := w.fetch(c.mode, nextFile)
	if err == nil && got != hashOf(synthetic(nextBytes)) {
		err = fmt.Errorf("%s arrived with another hash", nextFile)
	}
	return err
}

// judge holds how curl ended against how it had to.
func (c *realCell) judge(err error) error {
	failed, ended := errors.AsType[*curlError](err)
	switch {
	case err != nil && !ended:
		return err
	case c.frozen && ended:
		return fmt.Errorf("curl was only stopped, and failed: %w", failed)
	case c.frozen && c.action == "get" && hashOf(c.got) != hashOf(synthetic(bigBytes)):
		return fmt.Errorf("%d bytes arrived with another hash", len(c.got))
	case !c.frozen && !ended:
		return fmt.Errorf("curl was cut and succeeded, with %d bytes", len(c.got))
	}
	return nil
}

// judgeLog wants the one line of the transfer.
func (c *realCell) judgeLog() error {
	var lines []record
	for _, r := range c.run.log.all("transfer_ended") {
		if strings.HasPrefix(r.Path, "up/") || r.Path == bigFile || r.Verb == "LIST" || r.Path == "cut.bin" {
			lines = append(lines, r)
		}
	}
	if len(lines) != 1 {
		return fmt.Errorf("%d lines in the log: %+v", len(lines), lines)
	}
	r, dir := lines[0], "download"
	if c.action == "put" {
		dir = "upload"
	}
	switch {
	case r.Direction != dir:
		return fmt.Errorf("logged as %s", r.Direction)
	case r.Bytes < int64(len(c.got)), r.Bytes == 0:
		return fmt.Errorf("logged %d bytes, curl has %d", r.Bytes, len(c.got))
	case !c.client && (r.Level != "warning" || r.Error == "" || strings.Count(r.Message, r.Error) != 1):
		return fmt.Errorf("logged at %s: %q", r.Level, r.Message)
	}
	return nil
}

// realSelection is what runs without FTPTUNNEL_FAULTS.
func realSelection(f realFault, action, mode string) bool {
	switch f.name {
	case "sshd's child killed":
		return action == "get" || action == "put" && mode == "EPSV"
	case "sshd frozen":
		return action == "get" && mode == "PORT" || action == "idle" && mode == "PASV"
	case "vsftpd's child killed":
		return action == "get" && mode == "EPRT" || action == "put" && mode == "PASV"
	case "client killed":
		return action == "idle" && mode == "EPRT"
	case "client frozen":
		return action == "get" && mode == "PASV"
	}
	return false
}

// The table again, with sshd, vsftpd and curl.
func TestFaultsReal(t *testing.T) {
	daemons.Find(t, "sshd", "openssh-server")
	daemons.Find(t, "vsftpd", "vsftpd")
	daemons.Find(t, "curl", "curl")
	verdicts := newTable(modes...)
	var all []func()
	for _, f := range realFaults {
		for _, action := range []string{"get", "put", "list", "idle"} {
			if f.data && action == "idle" {
				continue
			}
			row := f.name + " × " + action
			verdicts.row(row)
			for _, mode := range modes {
				if !fullForm("FAULTS") && !realSelection(f, action, mode) {
					continue
				}
				all = append(all, func() {
					t.Run(strings.ReplaceAll(row+" × "+mode, " ", "_"), func(t *testing.T) {
						verdicts.set(row, mode, playReal(t, f, action, mode))
					})
				})
			}
		}
	}
	atOnce(cellsAtOnce/2, all)
	if fullForm("FAULTS") {
		verdicts.print(os.Stdout, "sshd, vsftpd, curl; idle clients of their own faults: ftplib")
	}
}

// playReal plays one cell and returns its verdict.
func playReal(t *testing.T, f realFault, action, mode string) string {
	rate := bigRate
	if action == "list" {
		rate = longRate
	}
	c := &realCell{realScene: newRealScene(t, rate), realFault: f, action: action, mode: mode}
	c.run = start(t, false, c.args()...)
	verdict, err := "", error(nil)
	switch {
	case action == "idle" && c.client:
		verdict, err = c.waits()
	case action == "idle":
		verdict, err = c.idle()
	default:
		ended := c.play()
		verdict = "curl ok"
		if e, ok := errors.AsType[*curlError](ended); ok {
			verdict = "curl " + strings.TrimPrefix(e.err.Error(), "exit status ")
		}
		err = c.judge(ended)
	}
	if c.mend != nil {
		c.mend(c)
	}
	if err == nil {
		err = c.next()
	}
	c.run.end()
	if err == nil && action != "idle" {
		err = c.judgeLog()
	}
	if err != nil {
		t.Errorf("%v\nlog:\n%s", err, c.run.log)
		return "FAIL " + verdict
	}
	return "ok " + verdict
}
