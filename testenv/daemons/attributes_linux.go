package daemons

import "syscall"

// attributes puts a daemon into its own process group and ends it if the test
// dies without cleaning up.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
