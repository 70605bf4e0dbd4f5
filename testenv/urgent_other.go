//go:build !unix

package testenv

import "net"

// readInlineUrgent does nothing: the urgent byte of an ABOR is lost here, and
// the command that follows it still counts.
func readInlineUrgent(*net.TCPConn) {}
