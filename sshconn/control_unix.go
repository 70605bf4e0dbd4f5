//go:build !windows

package sshconn

import (
	"strings"
	"syscall"
)

// control sets the type of service (IPQoS) on a socket before it connects. A
// system that refuses it connects without, as ssh does.
func control(cfg *Config) func(network, address string, c syscall.RawConn) error {
	if cfg.IPQoS < 0 {
		return nil
	}
	return func(network, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			if strings.HasSuffix(network, "6") {
				syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS, cfg.IPQoS)
			} else {
				syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_TOS, cfg.IPQoS)
			}
		})
	}
}
