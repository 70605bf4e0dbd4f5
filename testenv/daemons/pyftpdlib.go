//go:build unix

package daemons

import (
	_ "embed"
	"fmt"
	"os/exec"
	"testing"
)

//go:embed pyftpdlib.py
var pyftpdlibScript string

// Pyftpdlib starts a server of Python's pyftpdlib with an anonymous account
// that may do everything. Extra are attributes of its FTPHandler as Python
// assignments, such as masquerade_address="192.0.2.7",
// passive_ports=range(40000, 40100), permit_foreign_addresses=True.
func Pyftpdlib(t testing.TB, o FTPOptions) *FTPServer {
	t.Helper()
	// Debian's interpreter sees Debian's modules; another first in PATH would not.
	// With -I it does not take ./pyftpdlib.py for one.
	const python = "/usr/bin/python3"
	if out, err := exec.Command(python, "-I", "-c", "import pyftpdlib").CombinedOutput(); err != nil {
		Missing(t, "pyftpdlib is not installed (package python3-pyftpdlib): %v: %s", err, out)
	}
	dir := Folder(t)
	s := newFTPServer(t, "pyftpdlib", dir, o)
	p, port := launch(t, dir, s.Host, o.Port, "220", func(port int) *exec.Cmd {
		args := []string{"-I", "-c", pyftpdlibScript, s.Host, fmt.Sprint(port), s.Root}
		return exec.Command(python, append(args, o.Extra...)...)
	})
	return s.started(p, port)
}
