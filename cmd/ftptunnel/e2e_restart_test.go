//go:build unix

package main_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// A restart point whose transfer the tunnel has refused itself does not become
// the next one's, whatever the server keeps.
func TestRestartOfARefusedTransfer(t *testing.T) {
	path := buildProgram(t, withRace)
	content := bytes.Repeat([]byte("0123456789"), 100)
	for _, name := range []string{"vsftpd", "proftpd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ftp := leg{ftp: name}.startFTP(t)
			if err := os.WriteFile(filepath.Join(ftp.Root, "whole"), content, 0o644); err != nil {
				t.Fatal(err)
			}
			p := startProgram(t, path, leg{ssh: "sshd"}.arguments(t, ftp, "--server-mode", "passive")...)
			c := dialRaw(t, p.site(t, ftp))
			c.passive()
			c.do("550", "RETR none") // an end of file has gone ahead of it
			c.do("350", "REST 500")
			c.do("425", "STOR part")
			conn := c.data()
			c.do("150", "RETR whole")
			got, err := io.ReadAll(conn)
			conn.Close()
			c.hear("226")
			if !bytes.Equal(got, content) || err != nil {
				t.Errorf("%d bytes of %d, %v", len(got), len(content), err)
			}
		})
	}
}
