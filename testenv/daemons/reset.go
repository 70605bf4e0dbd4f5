//go:build unix

package daemons

import (
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// owner finds the process of a line of ss -p, and the socket's two ends.
var owner = regexp.MustCompile(`^\S+\s+\S+\s+\S+\s+(\S+)\s+(\S+)\s.*,pid=(\d+),`)

// ResetData has the kernel abort the data connections of the server's sessions,
// whose other ends see a reset. It needs root, ss(8), and a kernel that can
// (CONFIG_INET_DIAG_DESTROY). It is an error if there is nothing to reset.
func (s *FTPServer) ResetData(t testing.TB) error {
	t.Helper()
	ss := Find(t, "ss", "iproute2")
	var err error
	for range 100 { // on a busy machine a listing of the kernel's may lack a socket
		var reset int
		if reset, err = s.resetData(ss); reset > 0 {
			return nil
		}
	}
	return err
}

// resetData resets those data connections that it finds and tells how many.
func (s *FTPServer) resetData(ss string) (int, error) {
	listed, err := exec.Command(ss, "-tnpH", "state", "connected").Output()
	if err != nil {
		return 0, fmt.Errorf("ss: %w", err)
	}
	reset, ours := 0, descendants(s.Pid())
	for line := range strings.Lines(string(listed)) {
		m := owner.FindStringSubmatch(line)
		if m == nil || strings.HasSuffix(m[1], ":"+strconv.Itoa(s.Port)) {
			continue
		}
		if pid, err := strconv.Atoi(m[3]); err != nil || !slices.Contains(ours, pid) {
			continue
		}
		out, err := exec.Command(ss, "-tnHK", "src", m[1], "dst", m[2]).CombinedOutput()
		if err != nil {
			return reset, fmt.Errorf("ss -K: %w: %s", err, out)
		}
		if strings.Contains(string(out), m[2]) {
			reset++
		}
	}
	if reset == 0 {
		return 0, fmt.Errorf("%s has no data connection that ss can reset", s.Name)
	}
	return reset, nil
}
