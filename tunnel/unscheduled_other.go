//go:build !linux

package tunnel

import "net"

// unscheduled is the connection itself: other systems have other system calls,
// and what they cost was not measured.
type unscheduled struct{ *net.TCPConn }

func newUnscheduled(c *net.TCPConn) *unscheduled { return &unscheduled{c} }
