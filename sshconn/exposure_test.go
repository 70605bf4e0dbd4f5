package sshconn

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"ftptunnel/testenv"
)

// A server that opens every remote forward to its network is refused, and told
// of once a connection, unless that is accepted.
func TestExposedForwards(t *testing.T) {
	for _, c := range []struct {
		gatewayPorts string
		host         string
		accept       bool
		exposed      bool
		events       int
	}{
		{"no", "localhost", false, false, 0},
		{"no", "127.0.0.1", false, false, 0},
		{"clientspecified", "localhost", false, false, 0},
		{"yes", "localhost", false, true, 1},
		{"yes", "127.0.0.1", false, true, 1},
		{"yes", "127.0.0.1", true, false, 1},
	} {
		t.Run(fmt.Sprint(c.gatewayPorts, " ", c.host, " ", c.accept), func(t *testing.T) {
			told := 0
			_, cfg := embedded(t, testenv.SSHOptions{GatewayPorts: c.gatewayPorts})
			cfg.ExposedForwards = c.accept
			client := NewClient(cfg, nil, func(e Event) {
				if e.Kind == Exposed {
					told++
				}
			})
			t.Cleanup(func() { client.Close() })
			for range 2 {
				l, err := client.Listen(t.Context(), "tcp", net.JoinHostPort(c.host, "0"))
				var refused *ListenError
				if c.exposed != (errors.As(err, &refused) && refused.Exposed) || !c.exposed && err != nil {
					t.Fatalf("listen: %v", err)
				}
				if err == nil {
					defer l.Close()
				}
			}
			if told != c.events {
				t.Errorf("told %d times", told)
			}
		})
	}
}
