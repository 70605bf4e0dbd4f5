package daemons

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreePort returns a port of host that nobody listens on, below the range that
// systems take ports from for outgoing connections: what ends there can be
// started again.
func FreePort(t testing.TB, host string) int {
	t.Helper()
	var err error
	for range 100 {
		port := 10240 + rand.IntN(32768-10240)
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort(host, fmt.Sprint(port))); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatalf("no free port on %s: %v", host, err)
	return 0
}
