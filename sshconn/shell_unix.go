//go:build !windows

package sshconn

import "os/exec"

// shellCommand makes the user's shell run a command. It ignores the terminal's
// interrupt, which is not meant for the connections that ride it; it ends when
// its input does. A process group of its own would do as well, but could not
// ask for a password on the terminal.
func shellCommand(shell, command string) *exec.Cmd {
	if shell == "" {
		shell = "/bin/sh"
	}
	return exec.Command("/bin/sh", "-c", `trap "" INT; exec "$0" -c "$1"`, shell, "exec "+command)
}
