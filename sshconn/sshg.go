package sshconn

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// binaryResolver asks the ssh binary. Nothing knows ssh's configuration as well
// as ssh.
type binaryResolver struct{ path string }

// read runs ssh -G, beside it ssh -G -F none for the defaults, and takes what
// differs for set.
func (b binaryResolver) read(ctx context.Context, destination string, o *Options) (*settings, error) {
	type result struct {
		s   *settings
		err error
	}
	defaults := make(chan result, 1)
	go func() {
		s, err := b.run(ctx, []string{"-G", "-F", "none", "--", destination})
		defaults <- result{s, err}
	}()
	s, err := b.run(ctx, slices.Concat([]string{"-G"}, o.arguments(), []string{"--", destination}))
	d := <-defaults
	if err != nil {
		return nil, err
	}
	if d.err != nil {
		return nil, d.err
	}
	if s.get("host") == "" { // ssh before 9.1 does not print it
		alias := destination[strings.LastIndexByte(destination, '@')+1:]
		if h, err := parseSpec(destination); err == nil && strings.HasPrefix(destination, "ssh://") {
			alias = h.host
		}
		s.add("host", alias)
	}
	for key, v := range s.values {
		if !slices.Equal(v, d.s.values[key]) {
			s.set[key] = true
		}
	}
	return s, nil
}

// arguments returns the options as ssh takes them.
func (o *Options) arguments() []string {
	var args []string
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	add("-F", o.ConfigFile)
	add("-l", o.Login)
	if o.Port != 0 {
		add("-p", itoa(o.Port))
	}
	for _, i := range o.Identity {
		add("-i", i)
	}
	add("-J", o.Jump)
	for _, s := range o.Set {
		add("-o", s)
	}
	add("-b", o.Bind)
	if o.Family != 0 {
		args = append(args, "-"+itoa(o.Family))
	}
	return args
}

// run runs ssh and reads what it prints.
func (b binaryResolver) run(ctx context.Context, args []string) (*settings, error) {
	cmd := exec.CommandContext(ctx, b.path, args...)
	var out, text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &text
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, sshComplaint(text.String(), err)
	}
	s := newSettings()
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), " "); ok {
			s.add(strings.ToLower(key), value)
		}
	}
	return s, lines.Err()
}

// refusesUser reports whether ssh refused to run because the user database lacks
// this process's user.
func refusesUser(err error) bool {
	e, ok := errors.AsType[*ConfigError](err)
	return ok && strings.HasPrefix(e.Text, "no user exists for uid")
}

// complaint is how ssh names a line of a configuration file.
var complaint = regexp.MustCompile(`^(.*?):? line (\d+): (.*)$`)

// sshComplaint makes a ConfigError of what ssh says.
func sshComplaint(text string, err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return &ConfigError{Text: err.Error()}
	}
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r", "")), "\n")
	for _, line := range lines {
		if m := complaint.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[2])
			if n == 0 {
				return &ConfigError{Text: "-o: " + lowerFirst(m[3])}
			}
			return &ConfigError{File: m[1], Line: n, Text: lowerFirst(strings.TrimSuffix(m[3], "."))}
		}
	}
	last := lines[len(lines)-1]
	if strings.HasPrefix(lines[0], "usage:") || last == "" {
		last = "ssh does not accept this destination or these options"
	}
	return &ConfigError{Text: lowerFirst(last)}
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
