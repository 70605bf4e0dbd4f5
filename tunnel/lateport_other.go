//go:build !linux

package tunnel

import "syscall"

// latePort is Linux's.
var latePort func(_, _ string, _ syscall.RawConn) error
