//go:build unix

package clients

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"html"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons"
)

// The files that every exercise moves both ways.
const (
	bigName   = "big.bin"
	emptyName = "empty.bin"
	oddName   = "two words ä€.bin"

	// BigSize is the size of the largest, in bytes.
	BigSize = 5_000_000
)

var names = []string{bigName, emptyName, oddName}

// Cell is one client in one mode, at a site behind which a server's folders
// can be looked into.
type Cell struct {
	Client Client
	Mode   Mode
	Site   Site
	Server *daemons.FTPServer
}

// Direct is the site of a server itself, with nothing between.
func Direct(s *daemons.FTPServer) Site {
	return Site{Host: s.Host, Port: s.Port, User: s.User, Password: s.Password}
}

// Populate puts the files that clients download into the server's root.
func Populate(t testing.TB, s *daemons.FTPServer) {
	t.Helper()
	for name, size := range map[string]int{bigName: BigSize, emptyName: 0, oddName: 100_000} {
		content := make([]byte, size)
		rand.Read(content) // never fails
		if err := os.WriteFile(filepath.Join(s.Root, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Exercise lists, downloads and, if the client can, uploads the files of
// Populate, one run of the client each, and compares their SHA-256. The error
// names every step that failed, with what the client printed.
func (c Cell) Exercise(ctx context.Context, t testing.TB) error {
	t.Helper()
	errs := []error{c.list(ctx, t)}
	for _, name := range names {
		errs = append(errs, c.get(ctx, t, name), c.put(ctx, t, name))
	}
	return errors.Join(errs...)
}

func (c Cell) list(ctx context.Context, t testing.TB) error {
	folder := "/"
	out, err := Run(ctx, t, c.Client, c.Client.List(c.Site, c.Mode, folder))
	for _, name := range names {
		if err == nil && !strings.Contains(html.UnescapeString(string(out)), name) {
			err = fmt.Errorf("%q is not in it", name)
		}
	}
	return step("list", folder, out, err)
}

func (c Cell) get(ctx context.Context, t testing.TB, name string) error {
	local := filepath.Join(t.TempDir(), name)
	out, err := Run(ctx, t, c.Client, c.Client.Get(c.Site, c.Mode, "/"+name, local))
	if err == nil {
		err = equal(filepath.Join(c.Server.Root, name), local)
	}
	return step("get", name, out, err)
}

func (c Cell) put(ctx context.Context, t testing.TB, name string) error {
	local := filepath.Join(c.Server.Root, name)
	upload := fmt.Sprintf("%s %s %s", c.Client.Name(), c.Mode, rand.Text()[:8])
	remote := path.Join("/", c.Server.Upload, upload+" "+name)
	command := c.Client.Put(c.Site, c.Mode, local, remote)
	if command.Program == "" {
		return nil
	}
	out, err := Run(ctx, t, c.Client, command)
	arrived := filepath.Join(c.Server.Root, remote)
	if err == nil {
		err = equal(local, arrived)
	}
	if err == nil {
		err = os.Remove(arrived)
	}
	return step("put", name, out, err)
}

// step wraps the error of a step with the end of what the client printed.
func step(verb, name string, output []byte, err error) error {
	if err == nil {
		return nil
	}
	text := strings.TrimSpace(string(output[max(0, len(output)-1000):]))
	return fmt.Errorf("%s %q: %w; the client printed:\n%s", verb, name, err, text)
}

// equal compares two files by their SHA-256.
func equal(want, got string) error {
	a, err := os.ReadFile(want)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(got)
	if err != nil {
		return err
	}
	if sha256.Sum256(a) != sha256.Sum256(b) {
		return fmt.Errorf("SHA-256 differs: %d bytes became %d", len(a), len(b))
	}
	return nil
}
