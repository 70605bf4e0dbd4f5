//go:build unix

package sshconn

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
)

// TestNobody resolves for a user whom the user database lacks: ssh does not run
// for such a one.
func TestNobody(t *testing.T) {
	was := currentUser
	currentUser = func() (*user.User, error) { return nil, errors.New("user: unknown userid 61234") }
	t.Cleanup(func() { currentUser = was })
	dir := t.TempDir()
	const script = "#!/bin/sh\necho 'No user exists for uid 61234' >&2\nexit 255\n"
	config := filepath.Join(dir, "config")
	for name, content := range map[string]string{
		"ssh": script, "config": "Host files\n HostName files.example.com\n IdentityFile ~/key\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		env       map[string]string
		user, key string
	}{
		{map[string]string{"USER": "job", "HOME": "/srv/job"}, "job", "/srv/job/key"},
		{nil, strconv.Itoa(os.Getuid()), "/key"},
	} {
		env := func(name string) string {
			if name == "PATH" {
				return dir
			}
			return c.env[name]
		}
		o := Options{ConfigFile: config, Env: env}
		cfg, err := Resolve(t.Context(), "files", o)
		if err != nil {
			t.Fatal(err)
		}
		if cfg.HostName != "files.example.com" || cfg.User != c.user || len(cfg.IdentityFiles) == 0 || cfg.IdentityFiles[0] != c.key {
			t.Errorf("%+v", cfg)
		}
		lines, err := Matched(t.Context(), "files", o)
		if err != nil || len(lines) != 1 || lines[0] != config+":1" {
			t.Errorf("%q, %v", lines, err)
		}
	}
}
