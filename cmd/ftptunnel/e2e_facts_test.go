//go:build unix

package main_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// Over a long link lftp mirrors a tree from every server with the right time for
// each file, though most of the times were asked for ahead of it; and once more
// when nothing has changed, which transfers nothing. ncftp, which transfers it all
// each time, does so from vsftpd: the others it asks for MLSD, and inetutils-ftpd
// lists it no folder with blanks in its name.
func TestTimesAskedAhead(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, launcher := range daemons.FTPServers {
		t.Run(launcher.Name, func(t *testing.T) {
			t.Parallel()
			ftp := leg{ftp: launcher.Name}.startFTP(t)
			tree := filepath.Join(ftp.Root, "dated")
			files := makeDated(t, tree)
			p := startProgram(t, path, append(farSSH(t), "--listen", "127.0.0.1:0", "-vv", "box", ftp.Addr)...)
			mirrors := []clients.Client{clients.LFTP{}}
			if launcher.Name == "vsftpd" {
				mirrors = append(mirrors, clients.NcFTP{})
			}
			for _, client := range mirrors {
				t.Run(client.Name(), func(t *testing.T) {
					got := t.TempDir()
					before := p.stderr.String()
					mirrorDated(t, client, p.site(t, ftp), got)
					log := strings.TrimPrefix(p.stderr.String(), before)
					if n := strings.Count(log, "] => MDTM "); n < files/2 {
						t.Errorf("%d times were asked for ahead, of %d files", n, files)
					}
					if client == clients.Client(clients.LFTP{}) {
						mirrorDated(t, client, p.site(t, ftp), got)
						if again := strings.TrimPrefix(p.stderr.String(), before+log); strings.Contains(again, "] > RETR ") {
							t.Error("files were transferred again that had not changed")
						}
					}
					if err := sameTimes(tree, filepath.Join(got, "dated")); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}

// makeDated makes a tree of small files, each of another time, and returns how
// many.
func makeDated(t *testing.T, tree string) (files int) {
	t.Helper()
	when := time.Now().Add(-100 * 24 * time.Hour).Truncate(time.Second)
	for _, folder := range []string{"", "sub", "sub/below", "with blanks"} {
		if err := os.Mkdir(filepath.Join(tree, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range 9 {
			name := filepath.Join(tree, folder, fmt.Sprintf("file %c %d", 'a'+i, i))
			when = when.Add(100 * time.Second)
			err := os.WriteFile(name, fmt.Append(nil, when), 0o644)
			if err = errors.Join(err, os.Chtimes(name, when, when)); err != nil {
				t.Fatal(err)
			}
			files++
		}
	}
	return files
}

// mirrorDated mirrors the tree into a folder, with the times that MDTM tells.
func mirrorDated(t *testing.T, c clients.Client, s clients.Site, folder string) {
	t.Helper()
	var cmd clients.Command
	switch c := c.(type) {
	case clients.LFTP:
		cmd = c.Script(s, clients.PASV, "set ftp:use-mlsd no", "mirror /dated "+filepath.Join(folder, "dated"))
	case clients.NcFTP:
		cmd = c.GetTree(s, clients.PASV, "/dated", folder)
	}
	ctx, cancel := context.WithTimeout(context.Background(), cellTimeout)
	defer cancel()
	if out, err := clients.Run(ctx, t, c, cmd); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// sameTimes compares the times of the files of two trees, and what is in them.
func sameTimes(want, got string) error {
	if err := sameTrees(want, got); err != nil {
		return err
	}
	return filepath.WalkDir(want, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		a, err := os.Stat(path)
		if err != nil {
			return err
		}
		b, err := os.Stat(filepath.Join(got, strings.TrimPrefix(path, want)))
		if err == nil && !a.ModTime().Equal(b.ModTime()) {
			err = fmt.Errorf("%s is of %v, not of %v", path, b.ModTime(), a.ModTime())
		}
		return err
	})
}
