package sshconn

import (
	"context"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
)

// windowsAgent is the pipe of the agent that comes with Windows.
const windowsAgent = `\\.\pipe\openssh-ssh-agent`

// dialAgent connects to the agent's named pipe.
func dialAgent(path string) (io.ReadWriteCloser, error) {
	if !strings.HasPrefix(path, `\\`) {
		path = windowsAgent
	}
	return os.OpenFile(path, os.O_RDWR, 0)
}

// tooOpen: modes say nothing on Windows.
func tooOpen(fs.FileInfo) bool { return false }

// defaultAgent is the agent where SSH_AUTH_SOCK is not set.
const defaultAgent = windowsAgent

// trustedFile: modes say nothing on Windows.
func trustedFile(string) bool { return true }

// matchCommand makes the command interpreter run a command of Match exec.
func matchCommand(ctx context.Context, _, command string) *exec.Cmd {
	return exec.CommandContext(ctx, "cmd.exe", "/c", command)
}
