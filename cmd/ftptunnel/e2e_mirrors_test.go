//go:build unix

package main_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// Many clients at once get every file, and leave nothing behind: no goroutine
// and no open file more than a single one does.
func TestHeavyParallelMirrors(t *testing.T) {
	mirrors, files := 20, 40
	if os.Getenv("FTPTUNNEL_HEAVY") == "1" {
		files = 200
	}
	path := buildProgram(t, withRace)
	for _, mode := range []clients.Mode{clients.PASV, clients.PORT} {
		t.Run(string(mode), func(t *testing.T) {
			ftp := daemons.VSFTPD(t, daemons.FTPOptions{})
			makeTree(t, filepath.Join(ftp.Root, "tree"), files)
			wantFiles, want := leftBehind(t, path, ftp, mode, 1)
			gotFiles, got := leftBehind(t, path, ftp, mode, mirrors)
			if gotFiles > wantFiles {
				t.Errorf("%d open files are left, %d after a single mirror", gotFiles, wantFiles)
			}
			if got.count > want.count {
				t.Errorf("%d goroutines are left, %d after a single mirror:\n%s", got.count, want.count, got.text)
			}
		})
	}
}

// dump is what a Go program prints at SIGQUIT.
type dump struct {
	count int // of goroutines
	text  string
}

// leftBehind starts the program, lets clients mirror the tree through it at
// once, waits until it has closed what it had opened, and counts what is left.
func leftBehind(t *testing.T, path string, ftp *daemons.FTPServer, mode clients.Mode, mirrors int) (files int, goroutines dump) {
	t.Helper()
	l := leg{ssh: "sshd", serverMode: "auto"}
	p := launchProgram(t, path, l.arguments(t, ftp)...)
	idle := p.descriptors(t)
	begun := time.Now()
	if err := mirrorAtOnce(t, p.site(t, ftp), mode, filepath.Join(ftp.Root, "tree"), mirrors); err != nil {
		t.Error(err)
	}
	t.Logf("%d mirrors in %v", mirrors, time.Since(begun).Round(time.Millisecond))
	files = p.settled(t, idle)
	goroutines.count, goroutines.text = p.goroutines(t)
	p.log(t)
	return files, goroutines
}

// settled waits until the program has no more open files than want, ten
// seconds at most, and returns how many it has.
func (p *tunnelProcess) settled(t *testing.T, want int) int {
	t.Helper()
	deadline := time.After(10 * time.Second)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		got := p.descriptors(t)
		if got <= want {
			return got
		}
		select {
		case <-deadline:
			return got
		case <-again.C:
		}
	}
}

// mirrorAtOnce runs as many lftp at the same time, each of which mirrors the
// tree, and compares what they got.
func mirrorAtOnce(t *testing.T, site clients.Site, mode clients.Mode, tree string, mirrors int) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	daemons.Find(t, "lftp", "lftp") // here, for a goroutine cannot skip the test
	lftp, errs := clients.LFTP{}, make([]error, mirrors)
	var all sync.WaitGroup
	for i := range mirrors {
		got := filepath.Join(t.TempDir(), "tree")
		all.Go(func() {
			out, err := clients.Run(ctx, t, lftp, lftp.Script(site, mode, "mirror /tree "+got))
			if err == nil {
				err = sameTrees(tree, got)
			}
			if err != nil {
				errs[i] = fmt.Errorf("mirror %d: %w: %s", i, err, out)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// makeTree writes files of up to 64 KiB in folders of twenty.
func makeTree(t *testing.T, tree string, files int) {
	t.Helper()
	for i := range files {
		folder := filepath.Join(tree, fmt.Sprintf("folder %d", i/20))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		content := make([]byte, i*7919%65536)
		rand.Read(content) // never fails
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("file %d", i)), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// sameTrees compares the files of two trees by name and content.
func sameTrees(want, got string) error {
	return errors.Join(contains(want, got), contains(got, want))
}

// contains reports what of one tree is missing in another, or is different.
func contains(tree, in string) error {
	return filepath.WalkDir(tree, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(tree, path)
		if err != nil {
			return err
		}
		a, err := hashFile(path)
		if err != nil {
			return err
		}
		b, err := hashFile(filepath.Join(in, name))
		if err == nil && a != b {
			err = fmt.Errorf("%s differs", name)
		}
		return err
	})
}
