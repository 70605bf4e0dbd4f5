//go:build unix

package daemons

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Find returns the path of a program, looked for among the unpacked packages
// first, then in PATH and the folders for administrators. If it is nowhere the
// test is skipped, or fails as [Missing] says.
func Find(t testing.TB, program, debianPackage string) string {
	t.Helper()
	path, ok := lookup(program)
	if !ok {
		Missing(t, "%s is not installed (package %s)", program, debianPackage)
	}
	return path
}

// Missing ends a test that cannot run here: it is skipped, or failed if
// FTPTUNNEL_REAL=1 says that every real program has to be there.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("FTPTUNNEL_REAL") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

func lookup(program string) (string, bool) {
	for _, dir := range []string{"usr/sbin", "usr/bin"} {
		if path := filepath.Join(cache(), dir, program); executable(path) {
			return path, true
		}
	}
	if path, err := exec.LookPath(program); err == nil {
		return path, true
	}
	for _, dir := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} {
		if path := filepath.Join(dir, program); executable(path) {
			return path, true
		}
	}
	return "", false
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// cache is the folder that install.sh unpacks packages into: .cache/daemons
// beside go.mod, unless FTPTUNNEL_DAEMONS names another.
var cache = sync.OnceValue(func() string {
	if dir := os.Getenv("FTPTUNNEL_DAEMONS"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, ".cache", "daemons")
		}
		dir = filepath.Dir(dir)
	}
	return ""
})

// Environ is the environment for an unpacked program: the test's own, with
// the unpacked libraries in LD_LIBRARY_PATH.
func Environ() []string {
	libs, _ := filepath.Glob(filepath.Join(cache(), "usr", "lib", "*-linux-gnu*"))
	return append(os.Environ(), "LD_LIBRARY_PATH="+strings.Join(libs, ":"))
}

// needRoot ends the test unless it runs as root.
func needRoot(t testing.TB, program, reason string) {
	t.Helper()
	if os.Geteuid() != 0 {
		Missing(t, "%s needs root: %s", program, reason)
	}
}

// NeedNamespaces ends the test unless it may make mount namespaces.
func NeedNamespaces(t testing.TB, program, reason string) {
	t.Helper()
	needRoot(t, program, reason)
	if out, err := exec.Command("unshare", "-m", "true").CombinedOutput(); err != nil {
		Missing(t, "%s needs a mount namespace: %s: %v: %s", program, reason, err, out)
	}
}
