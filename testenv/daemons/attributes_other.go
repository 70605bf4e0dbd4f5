//go:build unix && !linux

package daemons

import "syscall"

// attributes puts a daemon into its own process group.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
