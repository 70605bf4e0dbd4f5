//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ftptunnel/testenv"
	"ftptunnel/tunnel"
)

// SHA-256 of nothing and of "abc": FIPS 180-2, appendix B.1.
const (
	hashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	hashOfABC     = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
)

// readTransferLog returns the objects of a transfer log, each on a line of its
// own.
func readTransferLog(t testing.TB, name string) []transferRecord {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var all []transferRecord
	for line := range strings.Lines(string(text)) {
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		var r transferRecord
		if err := d.Decode(&r); err != nil || !strings.HasSuffix(line, "}\n") {
			t.Errorf("%v: %q", err, line)
		}
		all = append(all, r)
	}
	return all
}

// logged runs the program with a transfer log for a client, and returns what
// it has logged.
func (s *scene) logged(use func(addr string), options ...string) []transferRecord {
	s.t.Helper()
	name := filepath.Join(s.dir, "transfers")
	r := start(s.t, false, s.args(append(options, "--transfer-log", name)...)...)
	use(r.addr)
	if code := r.end(); code != exitOK {
		s.t.Errorf("exit code %d:\n%s", code, r.log)
	}
	return readTransferLog(s.t, name)
}

// TestTransferLog has one object for every transfer, with known hashes, in all
// four pairings of ends.
func TestTransferLog(t *testing.T) {
	for _, mode := range []string{"passive", "active"} {
		for _, verb := range []string{"PASV", "PORT"} {
			t.Run(verb+"/"+mode, func(t *testing.T) { logModes(t, verb, mode) })
		}
	}
}

func logModes(t *testing.T, verb, mode string) {
	s := newScene(t)
	s.tree.Put("abc", []byte("abc"))
	s.tree.Put("empty", nil)
	all := s.logged(func(addr string) {
		for _, name := range []string{"abc", "empty"} {
			if _, err := download(addr, verb, name); err != nil {
				t.Error(err)
			}
		}
		c, err := dialFTP(context.Background(), addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		if err := errors.Join(c.upload(verb, "up/abc", []byte("abc")), c.quit()); err != nil {
			t.Error(err)
		}
	}, "--server-mode", mode)
	if len(all) != 3 {
		t.Fatalf("%d transfers", len(all))
	}
	client := map[string]tunnel.Mode{"PASV": tunnel.Passive, "PORT": tunnel.Active}[verb]
	for i, want := range []transferRecord{
		{Session: 1, Verb: "RETR", Path: "abc", Direction: "download", Bytes: 3, SHA256: hashOfABC},
		{Session: 2, Verb: "RETR", Path: "empty", Direction: "download", Bytes: 0, SHA256: hashOfNothing},
		{Session: 3, Verb: "STOR", Path: "up/abc", Direction: "upload", Bytes: 3, SHA256: hashOfABC},
	} {
		want.Version, want.Destination, want.Target = 1, "127.0.0.1", s.ftp.Addr()
		want.ClientMode, want.ServerMode, want.Code, want.Result = client, tunnel.Mode(mode), 226, resultComplete
		got := all[i]
		if got.Time.IsZero() || got.Seconds <= 0 || !strings.HasPrefix(got.Reply, "226 ") {
			t.Errorf("%+v", got)
		}
		got.Time, got.Seconds, got.Reply = want.Time, want.Seconds, want.Reply
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
}

// TestTransferLogCut logs a cut download with the hash of the part that passed.
func TestTransferLogCut(t *testing.T) {
	s := newScene(t)
	content := synthetic(bigBytes)
	s.tree.Put("cut.bin", content)
	s.ftp.SetFaults(testenv.Faults{Rate: bigRate})
	all := s.logged(func(addr string) {
		done := make(chan error, 1)
		go func() {
			_, err := download(addr, "PASV", "cut.bin")
			done <- err
		}()
		err := s.ftp.Await(until(t), func(c testenv.FTPCounts) bool { return c.Sent > bigBytes/3 })
		s.ssh.Drop()
		if got := <-done; err != nil || got == nil {
			t.Errorf("%v; the client sees %v", err, got)
		}
	})
	if len(all) != 1 {
		t.Fatalf("%d transfers", len(all))
	}
	r := all[0]
	if r.Bytes <= 0 || r.Bytes >= bigBytes {
		t.Fatalf("%+v", r)
	}
	want := sha256.Sum256(content[:r.Bytes])
	if r.Code != 0 && !strings.HasPrefix(r.Reply, strconv.Itoa(r.Code)+" ") { // 0: the client was quicker to leave
		t.Errorf("code %d, reply %q", r.Code, r.Reply)
	}
	if r.Result != resultCut || r.Error == "" || r.SHA256 != hex.EncodeToString(want[:]) {
		t.Errorf("%+v, want the hash %x", r, want)
	}
}

// TestTransferLogUnwritable: a file that cannot be opened is an error, and one
// that cannot be written is told aloud and cuts no transfer.
func TestTransferLogUnwritable(t *testing.T) {
	s := newScene(t)
	s.tree.Put("abc", []byte("abc"))
	var stderr bytes.Buffer
	code := run(context.Background(), env{
		args: s.args("--transfer-log", filepath.Join(s.dir, "none", "transfers")), stdin: strings.NewReader(""),
		stdout: new(bytes.Buffer), stderr: &stderr, getenv: func(string) string { return "" }, environ: os.Environ, home: s.dir,
	})
	if code != exitTunnel || !strings.HasPrefix(stderr.String(), "ftptunnel: --transfer-log: open ") {
		t.Errorf("%d, %q", code, &stderr)
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	r := start(t, false, s.args("--transfer-log", "/dev/full")...)
	if got, err := download(r.addr, "EPSV", "abc"); string(got) != "abc" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if code := r.end(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if told := r.log.all("transfer_log"); len(told) != 1 || told[0].Level != "error" {
		t.Errorf("told %+v", told)
	}
}

// TestTransferLogShared has several writers, each with the file open, of which
// one finds a line that was torn. No line is lost but that one.
func TestTransferLogShared(t *testing.T) {
	name := filepath.Join(t.TempDir(), "transfers")
	const torn = `{"version":1,"ti`
	if err := os.WriteFile(name, []byte(torn), 0o600); err != nil {
		t.Fatal(err)
	}
	const writers, each = 8, 50
	first, err := openTransferLog(name)
	if err != nil {
		t.Fatal(err)
	}
	defer first.close()
	if err := first.write(transferRecord{}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			l, err := openTransferLog(name)
			if err != nil {
				t.Error(err)
				return
			}
			defer l.close()
			for range each {
				if err := l.write(transferRecord{Path: strings.Repeat("long ", 100)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := bytes.CutPrefix(text, []byte(torn+"\n"))
	if !ok {
		t.Errorf("the torn line was not ended: %q", text[:80])
	}
	if err := os.WriteFile(name, rest, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := len(readTransferLog(t, name)); got != 1+writers*each {
		t.Errorf("%d lines", got)
	}
}

// TestTransferLogLocked: somebody who keeps the file locked holds up no transfer,
// and no line is lost.
func TestTransferLogLocked(t *testing.T) {
	name := filepath.Join(t.TempDir(), "transfers")
	l, err := openTransferLog(name)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	other, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := tryLock(other); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		var all []error
		for range 3 {
			all = append(all, l.write(transferRecord{}))
		}
		written <- errors.Join(all...)
	}()
	select {
	case err = <-written:
	case <-time.After(testTimeout):
		t.Error("held up")
		err = errors.Join(unlockFile(other), <-written)
	}
	if got := len(readTransferLog(t, name)); got != 3 || err != nil {
		t.Errorf("%d lines, %v", got, err)
	}
}

// TestTransferRecordPath keeps a name whose encoding is not UTF-8.
func TestTransferRecordPath(t *testing.T) {
	if r := newTransferRecord("box", tunnel.TransferEnded{Path: "caf\xe9"}); string(r.PathBytes) != "caf\xe9" {
		t.Errorf("%+v", r)
	}
	if r := newTransferRecord("box", tunnel.TransferEnded{Path: "café"}); r.PathBytes != nil || r.Path != "café" {
		t.Errorf("%+v", r)
	}
}

// TestTransferResult judges how transfers end.
func TestTransferResult(t *testing.T) {
	for _, c := range []struct {
		e    tunnel.TransferEnded
		want string
	}{
		{tunnel.TransferEnded{Code: 226}, resultComplete},
		{tunnel.TransferEnded{Code: 226, Err: errPromptClosed}, resultCut},
		{tunnel.TransferEnded{Code: 426}, resultCut},
		{tunnel.TransferEnded{Code: 426, Aborted: true}, resultAborted},
		{tunnel.TransferEnded{Code: 552}, resultFailed},
	} {
		if got := result(c.e); got != c.want {
			t.Errorf("%+v: %s, want %s", c.e, got, c.want)
		}
	}
}

// TestTransferLogDocumented holds docs/events.md against the fields.
func TestTransferLogDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(doc), "\n## The transfer log\n")
	if !ok {
		t.Fatal("docs/events.md has no section on the transfer log")
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[transferRecord]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !strings.Contains(section, "\n| `"+name+"` |") {
			t.Errorf("docs/events.md lacks %s", name)
		}
	}
	for _, value := range []string{resultComplete, resultAborted, resultCut, resultFailed} {
		if !strings.Contains(section, "`"+value+"`") {
			t.Errorf("docs/events.md lacks the result %s", value)
		}
	}
}
