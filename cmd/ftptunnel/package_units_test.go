//go:build linux

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons"
)

const unitFiles = "../../packaging/systemd"

// copyUnits copies the units of a manager into a folder, where the program that
// they start exists, and returns their paths.
func copyUnits(t *testing.T, manager string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(unitFiles, manager, "*"))
	if err != nil || len(names) < 2 {
		t.Fatalf("%d units, %v", len(names), err)
	}
	dir := t.TempDir()
	var copies []string
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "/usr/bin/ftptunnel", self)), 0o600); err != nil {
			t.Fatal(err)
		}
		copies = append(copies, path)
	}
	return copies
}

// TestSystemdUnits has systemd look for mistakes in the units, and for what the
// services of the machine could be kept from.
func TestSystemdUnits(t *testing.T) {
	analyze := daemons.Find(t, "systemd-analyze", "systemd")
	run := func(args ...string) {
		cmd := exec.Command(analyze, args...)
		cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
		if out, err := cmd.CombinedOutput(); err != nil || strings.HasPrefix(args[1], "verify") && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	system := copyUnits(t, "system")
	run(append([]string{"--system", "verify", "--man=no"}, system...)...)
	run(append([]string{"--user", "verify", "--man=no"}, copyUnits(t, "user")...)...)
	for _, unit := range system {
		if strings.HasSuffix(unit, ".service") {
			run("--system", "security", "--offline=yes", "--threshold=20", unit) // 2.0 of 10
		}
	}
}
