//go:build !windows

package sshconn

import (
	"io/fs"
	"os"
	"syscall"
)

// ownFile reports whether a file belongs to the user: ssh lets keys that others
// own be, as they are given out by an administrator.
func ownFile(info fs.FileInfo, uid int) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == uid
}

// trustedFile reports whether a configuration file can only be written by its
// user and by root.
func trustedFile(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && (st.Uid == 0 || int(st.Uid) == os.Getuid()) && info.Mode().Perm()&0o022 == 0
}
