//go:build !windows

package sshconn

import (
	"io/fs"
	"syscall"
)

// ownFile tells whether a file belongs to the user: ssh lets keys that others
// own be, as they are given out by an administrator.
func ownFile(info fs.FileInfo, uid int) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == uid
}
