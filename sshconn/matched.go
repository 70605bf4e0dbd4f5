package sshconn

import (
	"bytes"
	"context"
	"os/exec"
	"regexp"
	"slices"
)

// Matched returns the Host lines of ssh_config(5) that apply to a destination,
// as file:line in the order in which they are read. Where an ssh binary is on
// the PATH of Options.Env it is asked, as by [Resolve], and a Match exec runs
// once more. Match lines are not told. Errors are those of Resolve.
func Matched(ctx context.Context, destination string, o Options) ([]string, error) {
	o.complete()
	if ssh := findSSH(o.env("PATH")); ssh != "" {
		lines, err := binaryResolver{path: ssh}.matched(ctx, destination, &o)
		if !refusesUser(err) {
			return lines, err
		}
	}
	r := newReader(&o)
	if err := r.all(destination); err != nil {
		return nil, err
	}
	return r.matched, nil
}

// applied is how ssh -v tells of a Host line that applies (readconf.c).
var applied = regexp.MustCompile(`(?m)^debug1: (.+) line (\d+): Applying options for `)

// matched has ssh -v tell which lines it takes.
func (b binaryResolver) matched(ctx context.Context, destination string, o *Options) ([]string, error) {
	args := append([]string{"-v", "-G"}, o.arguments()...)
	cmd := exec.CommandContext(ctx, b.path, append(args, "--", destination)...)
	var text bytes.Buffer
	cmd.Stderr = &text
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, sshComplaint(text.String(), err)
	}
	var lines []string
	for _, m := range applied.FindAllStringSubmatch(text.String(), -1) {
		if at := m[1] + ":" + m[2]; !slices.Contains(lines, at) {
			lines = append(lines, at) // Match final has the files read twice
		}
	}
	return lines, nil
}

// Executes reports whether a client of this configuration executes its one
// command on a server of the given version, and so reports [ExecSent].
func (cfg *Config) Executes(version string) bool {
	return !cfg.ExecNothing && delaysSmallWrites(version)
}
