//go:build unix

package main_test

import (
	"strings"
	"testing"
	"time"
)

// tells waits until the program has told a text n times: what it writes comes
// by another way than what its clients see. It returns how often that was.
func (p *tunnelProcess) tells(t *testing.T, text string, n int) int {
	t.Helper()
	deadline := time.After(rawTimeout)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		got := strings.Count(p.stderr.String(), text)
		if got >= n {
			return got
		}
		select {
		case <-deadline:
			t.Errorf("%q was told %d times, not %d", text, got, n)
			return got
		case <-again.C:
		}
	}
}
