//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// canDetach says that a process can leave its terminal.
const canDetach = true

// readyVariable names the descriptor on which the process behind reports that
// it is ready. It is told from the one in the foreground by having it.
const readyVariable = "FTPTUNNEL_READY_FD"

// readyDescriptor is the first that a child is handed beside the standard
// streams.
const readyDescriptor = 3

// thisBehind returns what this process has to do for -f, nil if it is the one
// in the foreground.
func thisBehind() *behind {
	if os.Getenv(readyVariable) != strconv.Itoa(readyDescriptor) {
		return nil
	}
	os.Unsetenv(readyVariable) // it is no business of the commands that we run
	syscall.CloseOnExec(readyDescriptor)
	return &behind{os.NewFile(readyDescriptor, readyVariable)}
}

// leaveBehind runs the program once more, for a Go process cannot fork, and
// returns the exit code when that is ready or has ended. The other has the same
// terminal until then, and asks there what SSH wants to know.
func (p *program) leaveBehind() int {
	status, err := p.runBehind()
	if err != nil {
		p.fail("background", fmt.Errorf("-f: %w", err))
		return exitTunnel
	}
	return status
}

func (p *program) runBehind() (int, error) {
	path, err := os.Executable()
	if err != nil {
		return 0, err
	}
	ready, report, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer ready.Close()
	sigs, stop := notifySignals(true)
	defer stop()
	c := exec.Command(path)
	c.Args = append(os.Args[:1:1], p.args...)
	c.Env = append(p.environ(), readyVariable+"="+strconv.Itoa(readyDescriptor))
	c.Stdout, c.Stderr = p.stdout, p.stderr // and no standard input, as ssh -f
	c.ExtraFiles = []*os.File{report}
	keepFromChild()
	err = c.Start()
	report.Close()
	if err != nil {
		return 0, err
	}
	return awaitBehind(c, ready, sigs)
}

// keepFromChild keeps from the process behind what else this one was started
// with: a script's lock would be held for as long as the tunnel stands. Ssh
// closes such descriptors as it starts (closefrom(3)).
func keepFromChild() {
	open, err := os.ReadDir("/dev/fd")
	if err != nil {
		return
	}
	for _, entry := range open {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}

// awaitBehind waits until the process has reported that it is ready, or has
// ended, and hands on what signals arrive meanwhile. It returns the exit code.
func awaitBehind(c *exec.Cmd, ready io.Reader, sigs <-chan os.Signal) (int, error) {
	reported := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(ready, make([]byte, 1))
		reported <- err
	}()
	for {
		select {
		case s := <-sigs:
			_ = c.Process.Signal(s) // it may have just ended
		case err := <-reported:
			if err == nil {
				return exitOK, c.Process.Release()
			}
			err = c.Wait()
			return commandStatus(c.ProcessState, err)
		}
	}
}

// detach leaves the terminal and the standard streams, and lets the process in
// the foreground end. Whoever reads a pipe waits for the end of it, so standard
// error is kept only where it is something else. As in ssh(1) the folder stays:
// relative names in the configuration are from there.
func (b *behind) detach() error {
	if _, err := unix.Setsid(); err != nil {
		return fmt.Errorf("setsid: %w", err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	leave := []int{0, 1}
	info, err := os.Stderr.Stat()
	if err != nil || info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket) != 0 {
		leave = append(leave, 2)
	}
	for _, fd := range leave {
		if err := unix.Dup2(int(null.Fd()), fd); err != nil {
			return err
		}
	}
	_, err = b.ready.Write([]byte{1})
	return errors.Join(err, b.ready.Close())
}
