//go:build !windows

package sshconn

import (
	"os/exec"
	"syscall"
)

// shellCommand makes the user's shell run a command. It gets a process group of
// its own, so that an interrupt from the terminal does not end it before the
// connections that ride it.
func shellCommand(shell, command string) *exec.Cmd {
	if shell == "" {
		shell = "/bin/sh"
	}
	cmd := exec.Command(shell, "-c", "exec "+command)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}
