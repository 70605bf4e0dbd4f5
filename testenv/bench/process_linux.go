package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ftptunnel/testenv/netlab"
)

// process is a program under test.
type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// command prepares a program. It dies with this process.
func command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// startOn starts a program on a host.
func startOn(h *netlab.Host, cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd}
	cmd.Stderr = &p.stderr
	if err := h.Do(cmd.Start); err != nil {
		return nil, err
	}
	return p, nil
}

// stopTimeout is how long a program has to end by itself.
const stopTimeout = 10 * time.Second

// stop ends the program as a user would, at first.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	impatient := time.AfterFunc(stopTimeout, func() { _ = p.cmd.Process.Kill() })
	defer impatient.Stop()
	_ = p.cmd.Wait()
}

// cpu is the processor time that the program has used, in its own code and in
// the kernel, all threads together.
func (p *process) cpu() (time.Duration, error) {
	// The clock of a process has its id in its own, inverted, and the number of
	// the clock in the low bits (clock_getcpuclockid(3)): 2 is the scheduler's.
	clock := int32(^p.cmd.Process.Pid)<<3 | 2
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, fmt.Errorf("processor time of process %d: %w", p.cmd.Process.Pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// forgetPeak makes peak start afresh.
func (p *process) forgetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0)
}

// peak is the most memory that the program has had since forgetPeak, in bytes.
func (p *process) peak() (int64, error) { return p.memory("VmHWM") }

// resident is the memory that the program has, in bytes.
func (p *process) resident() (int64, error) { return p.memory("VmRSS") }

func (p *process) memory(field string) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	match := regexp.MustCompile(`(?m)^` + field + `:\s*(\d+) kB$`).FindSubmatch(status)
	if match == nil {
		return 0, fmt.Errorf("process %d: no %s", p.cmd.Process.Pid, field)
	}
	kib, err := strconv.ParseInt(string(match[1]), 10, 64)
	return kib << 10, err
}
