//go:build unix

package daemons

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// Folder makes a temporary folder that every user can enter, as servers must
// that change to another user; testing.TB's own cannot be. It is removed with
// the test.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ftptunnel-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("temporary folder: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// folder makes dir with exactly the given mode.
func folder(t testing.TB, dir string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(dir, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

// file writes lines to a file with exactly the given mode.
func file(t testing.TB, path string, mode os.FileMode, lines ...string) string {
	t.Helper()
	text := strings.Join(lines, "\n") + "\n"
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// passwd writes a copy of /etc/passwd in which one user has another home.
func passwd(t testing.TB, path, name, home string) string {
	t.Helper()
	text, err := os.ReadFile("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(fields) == 7 && fields[0] == name {
			fields[5] = home
		}
		lines = append(lines, strings.Join(fields, ":"))
	}
	return file(t, path, 0o644, lines...)
}

// needUser ends the test unless the machine has a user of that name.
func needUser(t testing.TB, program, name string) {
	t.Helper()
	if _, err := user.Lookup(name); err != nil {
		Missing(t, "%s needs the user %s (package vsftpd makes it): %v", program, name, err)
	}
}

// runFolder makes sure of a folder under /run that a daemon insists on.
func runFolder(t testing.TB, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		Missing(t, "%s is missing and cannot be made: %v", filepath.Base(path), err)
	}
}
