//go:build unix

package main

import (
	"errors"
	"syscall"
)

// isDiskFull reports whether a file has no room: for anybody, or for us.
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
