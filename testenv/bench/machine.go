//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// fact is something about the machine or a program that figures depend on.
type fact struct{ name, value string }

// machine tells what the measurement ran on, and with.
func machine() []fact {
	return []fact{
		{"processor", fmt.Sprintf("%s, %d cores", processor(), runtime.NumCPU())},
		{"kernel", content("/proc/sys/kernel/osrelease")},
		{"congestion control", content("/proc/sys/net/ipv4/tcp_congestion_control")},
		{"go", runtime.Version()},
		{"ssh", firstLine("ssh", "-V")},
		{"vsftpd", firstLine("vsftpd", "-v")},
		{"curl", firstLine("curl", "--version")},
		{"lftp", firstLine("lftp", "--version")},
	}
}

func processor() string {
	for line := range strings.Lines(content("/proc/cpuinfo")) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func content(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}

// firstLine is what a program says of its version, up to what it was built
// with.
func firstLine(program string, args ...string) string {
	r, w, err := os.Pipe()
	if err != nil {
		return err.Error()
	}
	defer r.Close()
	cmd := exec.Command(program, args...)
	// vsftpd says it on its standard input, which is where its client would be.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = w, w, w
	_ = cmd.Run() // some say it and fail
	w.Close()
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			for _, rest := range []string{" (", " | Copyright", ", OpenSSL"} {
				line, _, _ = strings.Cut(line, rest)
			}
			return line
		}
	}
	return "?"
}
