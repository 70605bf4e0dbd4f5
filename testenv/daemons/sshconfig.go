//go:build unix

package daemons

import (
	"path/filepath"
	"strconv"
	"testing"
)

// Alias is a Host of an ssh_config for one server.
type Alias struct {
	Name   string // what is given as the destination
	Server *SSHServer
	Extra  []string // lines within the Host block; they come first and so win
}

// SSHConfig writes an ssh_config(5) file with the aliases and returns its
// path. Nobody is prompted with it: each server's own key logs in, and its
// host keys are known.
func SSHConfig(t testing.TB, aliases ...Alias) string {
	t.Helper()
	var lines []string
	for _, a := range aliases {
		lines = append(lines, "Host "+a.Name)
		for _, extra := range a.Extra {
			lines = append(lines, "    "+extra)
		}
		lines = append(lines,
			"    HostName "+a.Server.Host,
			"    Port "+strconv.Itoa(a.Server.Port),
			"    User "+a.Server.User,
			"    IdentityFile "+a.Server.Identity,
			"    IdentitiesOnly yes",
			"    UserKnownHostsFile "+a.Server.KnownHosts,
			"    GlobalKnownHostsFile none",
			"    StrictHostKeyChecking yes",
		)
	}
	return file(t, filepath.Join(Folder(t), "ssh_config"), 0o600, lines...)
}
