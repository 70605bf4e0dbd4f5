//go:build !linux

package tunnel

import "net"

// unscheduled is the connection itself: that a system call of another system
// does not wait was not seen.
type unscheduled struct{ *net.TCPConn }

func newUnscheduled(c *net.TCPConn) *unscheduled { return &unscheduled{c} }
