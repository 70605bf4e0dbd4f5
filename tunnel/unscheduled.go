package tunnel

import "net"

// Unscheduled returns a connection that reads and writes c in system calls of
// which the Go scheduler is not told, where the system is known to allow for it
// (Linux); elsewhere c itself. It owns c.
//
// The scheduler takes the processor away from a goroutine that is in a system
// call for 20 µs while others are ready (Go 1.26), and wakes a thread for them.
// 256 KiB to or from a socket take longer than that, so that each read and
// write of a transfer cost a thread's change: a quarter of a download's
// processor time. These calls never wait, for Go's sockets are non-blocking.
//
// It is safe for concurrent use as any net.Conn, and its errors are those of
// the net package.
func Unscheduled(c *net.TCPConn) net.Conn { return newUnscheduled(c) }
