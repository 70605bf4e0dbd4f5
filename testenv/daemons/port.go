//go:build unix

package daemons

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// freePort returns a port of host that nobody listens on, below the range that
// systems take ports from for outgoing connections.
func freePort(t testing.TB, host string) int {
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
	Missing(t, "no free port on %s: %v", host, err)
	return 0
}

// listenHost is the address that a daemon listens on.
func listenHost(host string, ipv6 bool) string {
	switch {
	case host != "":
		return host
	case ipv6:
		return "::1"
	}
	return "127.0.0.1"
}
