//go:build unix

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"
)

// TestTransferLogMirror has lftp mirror a tree by four connections, as a cron
// job would, and finds each file in the log with the hash of what stands on
// disk.
func TestTransferLogMirror(t *testing.T) {
	lftp, err := exec.LookPath("lftp")
	if err != nil {
		t.Skip("lftp is not installed")
	}
	s := newScene(t)
	const files = 12
	for i := range files {
		s.tree.Put(fmt.Sprintf("pub/d%d/file%d", i%3, i), synthetic(20_000*(i+1)))
	}
	here := t.TempDir()
	all := s.logged(func(addr string) {
		c := exec.Command(lftp, "--norc", "-c",
			"set ftp:ssl-allow no; open ftp://anonymous:x@"+addr+"; mirror --parallel=4 pub "+here)
		c.Env = append(os.Environ(), "HOME="+here, "LFTP_HOME="+filepath.Join(here, ".lftp"))
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	sums := map[string]string{}
	for _, r := range all {
		if r.Result != resultComplete {
			t.Errorf("%+v", r)
		}
		if r.Verb == "RETR" {
			sums[path.Join(r.Directory, r.Path)] = r.SHA256
		}
	}
	if len(sums) != files {
		t.Errorf("the log has %v", sums)
	}
	for i := range files {
		name := fmt.Sprintf("d%d/file%d", i%3, i)
		content, err := os.ReadFile(filepath.Join(here, name))
		if err != nil {
			t.Error(err)
			continue
		}
		want := sha256.Sum256(content)
		if got := sums["/pub/"+name]; got != hex.EncodeToString(want[:]) || len(content) != 20_000*(i+1) {
			t.Errorf("%s: %d bytes with %x, in the log %s", name, len(content), want, got)
		}
	}
}
