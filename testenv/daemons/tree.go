//go:build unix

package daemons

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopTree stops the daemon and all that it forked. A stopped process forks no
// more, so the tree is complete when a look at it finds nothing new.
func (p *Process) stopTree() []int {
	p.signal(syscall.SIGSTOP, p.Pid())
	var stopped []int
	for {
		found := false
		for _, pid := range descendants(p.Pid()) {
			if !slices.Contains(stopped, pid) {
				p.signal(syscall.SIGSTOP, pid)
				stopped = append(stopped, pid)
				found = true
			}
		}
		if !found {
			return stopped
		}
	}
}

// kill ends what the daemon forked, and the daemon itself if asked.
//
// Signalling the process group is not enough: sshd, Dropbear and vsftpd give
// each connection a session of its own.
func (p *Process) kill(itself bool) {
	forked := p.stopTree()
	p.signal(syscall.SIGKILL, forked...)
	if itself {
		p.signal(syscall.SIGKILL, -p.Pid(), p.Pid())
	}
	await(forked)
}

// await returns when the processes have ended, or after five seconds.
func await(pids []int) {
	deadline := time.After(5 * time.Second)
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for slices.ContainsFunc(pids, running) {
		select {
		case <-deadline:
			return
		case <-again.C:
		}
	}
}

// running reports whether a process is there and more than a zombie.
func running(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

// signal sends sig to processes, unless the daemon has ended: its id may
// belong to somebody else by then.
func (p *Process) signal(sig syscall.Signal, pids ...int) {
	select {
	case <-p.done:
		return
	default:
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, sig) // it may have ended by itself
	}
}

// descendants lists the children of a process, their children, and so on. It
// is empty on systems without Linux's /proc.
func descendants(root int) []int {
	children := make(map[int][]int)
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		if pid, parent, ok := parentOf(stat); ok {
			children[parent] = append(children[parent], pid)
		}
	}
	var all []int
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		all = append(all, children[queue[0]]...)
		queue = append(queue, children[queue[0]]...)
	}
	return all
}

// parentOf reads a /proc/PID/stat: pid (name) state ppid …, where the name may
// hold anything (proc(5)).
func parentOf(stat string) (pid, parent int, ok bool) {
	text, err := os.ReadFile(stat)
	if err != nil {
		return 0, 0, false // it has ended
	}
	pid, err = strconv.Atoi(filepath.Base(filepath.Dir(stat)))
	if err != nil {
		return 0, 0, false
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 2 {
		return 0, 0, false
	}
	parent, err = strconv.Atoi(fields[1])
	return pid, parent, err == nil
}
