//go:build !windows

package sshconn

import (
	"io"
	"io/fs"
	"net"
	"os"
)

// dialAgent connects to the agent's socket.
func dialAgent(path string) (io.ReadWriteCloser, error) { return net.Dial("unix", path) }

// tooOpen reports whether a private key can be read by others than its owner,
// in which case ssh refuses to use it.
func tooOpen(info fs.FileInfo) bool {
	return info.Mode().Perm()&0o077 != 0 && ownFile(info, os.Getuid())
}

// defaultAgent is the agent where SSH_AUTH_SOCK is not set: none.
const defaultAgent = ""
