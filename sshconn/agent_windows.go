package sshconn

import (
	"io"
	"io/fs"
	"os"
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
