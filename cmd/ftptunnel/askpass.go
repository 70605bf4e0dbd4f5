package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"ftptunnel/sshconn"
)

// askpassWay says when the program that SSH_ASKPASS names is asked.
type askpassWay int

const (
	askpassNever askpassWay = iota // only the terminal
	askpassLast                    // where there is no terminal
	askpassFirst                   // before the terminal
)

// chooseAskpass reads SSH_ASKPASS_REQUIRE and DISPLAY as OpenSSH 9 does
// (readpass.c): prefer means what force means if there is a display.
func chooseAskpass(getenv func(string) string) askpassWay {
	display := getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != ""
	switch strings.ToLower(getenv("SSH_ASKPASS_REQUIRE")) {
	case "force":
		return askpassFirst
	case "prefer":
		if display {
			return askpassFirst
		}
	case "never":
		return askpassNever
	}
	if display {
		return askpassLast
	}
	return askpassNever
}

// runAskpass asks by the user's program: the prompt is its argument, the
// answer the first line of what it prints.
func runAskpass(ctx context.Context, e env, prompt string) (string, error) {
	name := e.getenv("SSH_ASKPASS")
	if name == "" {
		name = "ssh-askpass"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", sshconn.ErrNoPrompt
	}
	c := exec.CommandContext(ctx, path, prompt)
	c.Env = e.environ()
	c.Stderr = e.stderr
	c.WaitDelay = time.Second // what it has left running may keep its output open
	out, err := c.Output()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", fmt.Errorf("%s: %w", name, errPromptClosed)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return trimCR(line), nil
}
