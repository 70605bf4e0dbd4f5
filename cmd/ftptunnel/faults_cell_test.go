//go:build unix

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"regexp"
	"strings"

	"ftptunnel/testenv"
)

// fault is something that breaks while a client is at work.
type fault struct {
	name   string
	strike func(*cell) error
	mend   func(*cell) // so that the next client can be served

	client bool // it is the client's own: only the tunnel's side is asserted
	frozen bool // of them, the one after which the client goes on
}

// embeddedFaults are the rows of the table.
var embeddedFaults = []fault{
	{name: "SSH reset", strike: func(c *cell) error { c.ssh.Drop(); return nil }},
	{name: "sshd killed", strike: func(c *cell) error { return c.ssh.Close() },
		mend: func(c *cell) { c.startSSH(c.ssh.Addr()) }},
	{name: "sshd frozen", strike: func(c *cell) error { c.ssh.Freeze(); return nil },
		mend: func(c *cell) { c.ssh.Thaw() }},
	{name: "link stalled", strike: func(c *cell) error { c.link.Stall(); return nil },
		mend: func(c *cell) { c.link.Resume() }},
	{name: "FTP server killed", strike: func(c *cell) error { return c.ftp.Close() },
		mend: func(c *cell) { c.startFTP(c.ftp.Addr()) }},
	{name: "data reset", strike: func(c *cell) error { c.ftp.DropData(); return nil }},
	{name: "client killed", client: true, strike: func(c *cell) error { c.die(); return nil }},
	{name: "client frozen", client: true, frozen: true, strike: (*cell).standStill},
}

// Actions of a client when the fault strikes. Of the uploads one is still
// being written, and the other was written whole and is on its way.
var (
	actions = []string{"get", "put", "put sent", "list", "idle"}
	modes   = demoModes
)

// cell is one combination in the making.
type cell struct {
	*scene
	fault
	action, mode string
	run          *running
	client       *witness
	data         *net.TCPConn
	seen         seen
}

// path is what the transfer's log line names.
func (c *cell) path() string {
	switch c.action {
	case "get":
		return bigFile
	case "list":
		return longDir
	}
	return "up/cut.bin"
}

// direction is what the transfer's log line calls it.
func (c *cell) direction() string {
	if strings.HasPrefix(c.action, "put") {
		return "upload"
	}
	return "download"
}

// applies tells that there is something for the fault to break.
func (c *cell) applies() bool {
	return !(c.name == "data reset" && c.action == "idle")
}

// size is how many bytes the transfer has in all; that of a listing is not
// known exactly, and this is less.
func (c *cell) size() int64 {
	if c.action == "list" {
		return longNames * 50
	}
	return bigBytes
}

// play runs the client up to the fault and past it.
func (c *cell) play() (err error) {
	if c.client, err = enter(c.run.addr); err != nil {
		return err
	}
	defer c.client.conn.Close()
	rates := map[string]int64{"list": longRate, "idle": 0}
	rate, ok := rates[c.action]
	if !ok {
		rate = bigRate
	}
	if c.frozen {
		rate = 0
	}
	c.ftp.SetFaults(testenv.Faults{Rate: rate})
	if c.action == "idle" {
		return c.idle()
	}
	var done func()
	c.data, done, err = c.client.begin(c.mode, c.command())
	if err != nil {
		return err
	}
	defer done()
	c.seen, err = c.transfer()
	return err
}

func (c *cell) command() string {
	verb := map[string]string{"get": "RETR ", "list": "LIST "}[c.action]
	if verb == "" {
		verb = "STOR "
	}
	return verb + c.path()
}

// transfer carries the data, a third of it before the fault strikes.
func (c *cell) transfer() (seen, error) {
	f := strike{at: c.size() * 3 / 10, do: func() error { return c.fault.strike(c) }}
	switch c.action {
	case "get", "list":
		return c.client.receive(c.data, f)
	case "put":
		f.do = c.afterReceived(f.at)
		return c.client.send(c.data, c.big(), f)
	}
	f.do = c.afterReceived(f.at)
	f.at = bigBytes // and the end of file, too, goes out before the fault strikes
	return c.client.send(c.data, c.big(), f)
}

// afterReceived strikes when the server has got so many bytes.
func (c *cell) afterReceived(n int64) func() error {
	return func() error {
		if c.action == "put sent" {
			if err := c.data.CloseWrite(); err != nil {
				return err
			}
		}
		err := c.ftp.Await(until(c.t), func(got testenv.FTPCounts) bool { return got.Received >= n })
		if err != nil {
			return fmt.Errorf("the server has got %d bytes: %w", c.ftp.Counts().Received, err)
		}
		return c.fault.strike(c)
	}
}

// idle announces a data connection, uses none, and waits.
func (c *cell) idle() error {
	end, err := c.client.announce(c.mode)
	if err != nil {
		return err
	}
	defer end.close()
	if !c.frozen {
		c.seen, err = c.client.wait(strike{do: func() error { return c.fault.strike(c) }})
		return err
	}
	if err := c.fault.strike(c); err != nil {
		return err
	}
	c.client.limit(hangLimit)
	c.seen.reply, err = c.client.ask("NOOP")
	return err
}

// die ends the client's connections as the kernel does for a process that is
// killed.
func (c *cell) die() {
	if c.data != nil {
		c.data.Close()
	}
	c.client.conn.Close()
}

// standStill neither reads nor writes for as long as it takes the program to
// probe a silent SSH server three times.
func (c *cell) standStill() error {
	before := c.ssh.Counts().Keepalives
	return c.ssh.Await(until(c.t), func(n testenv.SSHCounts) bool { return n.Keepalives >= before+3 })
}

// stored is the hash of what the server has of an upload.
func (c *cell) stored() string {
	content, _ := c.tree.Get(c.path())
	return hashOf(content)
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// next is the next client: it gets a file, whole.
func (c *cell) next() error {
	if c.mend != nil {
		c.mend(c)
	}
	c.ftp.SetFaults(testenv.Faults{})
	w, err := enter(c.run.addr)
	if err != nil {
		return err
	}
	defer w.conn.Close()
	got, err := w.fetch(c.mode, nextFile)
	if err == nil && got != c.tree.SHA256(nextFile) {
		err = fmt.Errorf("%s arrived with another hash", nextFile)
	}
	return err
}

// judge holds what the client has seen against what it must see.
func (c *cell) judge() error {
	s := c.seen
	final := strings.HasPrefix(s.reply, "2")
	switch {
	case c.frozen:
		return c.judgeFrozen()
	case c.fault.client:
		return nil
	case s.control == endHang || s.data == endHang:
		return fmt.Errorf("the client hung for %v", hangLimit)
	case final:
		return fmt.Errorf("the client was told %q after %d bytes", s.reply, s.bytes)
	case s.reply == "":
		return fmt.Errorf("the client got no reply, control connection: %s", s.control)
	case !strings.HasPrefix(s.reply, "42"):
		return fmt.Errorf("the client was told %q", s.reply)
	case (c.action == "get" || c.action == "list") && s.data != endRST && c.name != "FTP server killed" && c.name != "data reset":
		// sshd turns a reset of the server's into an end of file: then the
		// reply alone can tell, as it does for every upload.
		return fmt.Errorf("the data connection ended with %s", s.data)
	case c.action == "idle" && !strings.HasPrefix(s.reply, "421"):
		return fmt.Errorf("the idle client was told %q", s.reply)
	}
	return nil
}

// judgeFrozen is for a client that goes on where it stood still: nothing must
// have happened to it.
func (c *cell) judgeFrozen() error {
	s := c.seen
	switch {
	case c.action == "idle":
		if !strings.HasPrefix(s.reply, "200") {
			return fmt.Errorf("the idle client was told %q", s.reply)
		}
	case !strings.HasPrefix(s.reply, "226"):
		return fmt.Errorf("the client was told %q: %v", s.reply, s)
	case c.action == "get" && s.sha256 != c.tree.SHA256(bigFile):
		return fmt.Errorf("%d bytes arrived with another hash", s.bytes)
	case strings.HasPrefix(c.action, "put") && c.stored() != hashOf(synthetic(bigBytes)):
		return fmt.Errorf("what is stored has another hash")
	}
	return nil
}

// judgeLog wants one line of the transfer, with name, direction, bytes and
// cause, aloud unless the client has ended it itself.
func (c *cell) judgeLog() error {
	var lines []record
	for _, r := range c.run.log.all("transfer_ended") {
		if r.Path == c.path() {
			lines = append(lines, r)
		}
	}
	if c.action == "idle" {
		if len(lines) > 0 {
			return fmt.Errorf("a transfer was logged: %+v", lines)
		}
		return nil
	}
	if len(lines) != 1 {
		return fmt.Errorf("%d lines about %s in the log", len(lines), c.path())
	}
	r, dir := lines[0], c.direction()
	cut := !c.fault.client
	switch {
	case r.Direction != dir:
		return fmt.Errorf("logged as %s", r.Direction)
	case cut && (r.Level != "warning" || r.Error == ""):
		return fmt.Errorf("logged at %s with error %q: %s", r.Level, r.Error, r.Message)
	case cut && strings.Count(r.Message, r.Error) != 1:
		return fmt.Errorf("the cause is not said once: %q", r.Message)
	case dir == "download" && r.Bytes < c.seen.bytes, r.Bytes == 0, r.Bytes > bigBytes:
		return fmt.Errorf("logged %d bytes, the client has seen %d", r.Bytes, c.seen.bytes)
	case cut:
		return saysCut(r.Message, dir, c.path())
	}
	return nil
}

// saysCut is an error if a message does not tell, in a row, which way a file
// went, its name, and how much of it.
func saysCut(message, direction, path string) error {
	line := regexp.MustCompile(direction + ` of ".*` + regexp.QuoteMeta(path) + `" (was )?cut after [1-9][0-9.]* (bytes|kB|MB)\b`)
	if !line.MatchString(message) {
		return fmt.Errorf("%q does not say that the %s of %s was cut, and after how many bytes", message, direction, path)
	}
	return nil
}

// judgeExit wants the exit code of a program whose command has succeeded: 255
// if a transfer was cut, with a line that names it.
func (c *cell) judgeExit() error {
	want := exitOK
	if !c.fault.client && c.action != "idle" {
		want = exitTunnel
	}
	if got := c.run.end(); got != want {
		return fmt.Errorf("exit code %d, want %d", got, want)
	}
	told := c.run.log.all("cut")
	if want == exitOK {
		if len(told) > 0 {
			return fmt.Errorf("told of a cut: %q", told[0].Message)
		}
		return nil
	}
	if len(told) != 1 || told[0].Path != c.path() || strings.Contains(told[0].Message, "%!") || strings.Contains(told[0].Message, "<nil>") {
		return fmt.Errorf("told of cuts: %+v", told)
	}
	return saysCut(told[0].Message, c.direction(), c.path())
}
