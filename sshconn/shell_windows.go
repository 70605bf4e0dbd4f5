package sshconn

import (
	"os/exec"
	"syscall"
)

// shellCommand makes the command interpreter run a command.
func shellCommand(_, command string) *exec.Cmd {
	cmd := exec.Command("cmd.exe")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /d /s /c "` + command + `"`}
	return cmd
}
