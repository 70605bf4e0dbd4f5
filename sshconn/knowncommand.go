package sshconn

import (
	"context"
	"encoding/base64"
	"os/exec"
	"time"

	"golang.org/x/crypto/ssh"
)

// byCommand returns what KnownHostsCommand prints: ssh_config(5). It runs once
// without a key, to find out which algorithms to ask for, and once with the key
// that the server showed. If it fails there is no connection, as in ssh, nor if it
// takes longer than connecting may.
func (h *hostKeys) byCommand(purpose string, key ssh.PublicKey) (knownHosts, error) {
	t := newTokens(h.cfg, &h.cfg.options)
	t['H'], t['I'] = h.name, purpose
	t['t'], t['f'], t['K'] = "NONE", "NONE", "NONE"
	if key != nil {
		t['t'], t['f'] = key.Type(), fingerprint(h.cfg, key)
		t['K'] = base64.StdEncoding.EncodeToString(key.Marshal())
	}
	ctx, cancel := context.WithTimeout(h.ctx, h.cfg.timeout())
	defer cancel()
	out, err := runKnownHosts(ctx, h.cfg.KnownHostsCommand, t)
	if err != nil {
		return nil, err
	}
	keys := parseKnownHosts(out, "KnownHostsCommand", h.name)
	for i := range keys {
		keys[i].command = true
	}
	return keys, nil
}

// runKnownHosts runs the command, without a shell.
func runKnownHosts(ctx context.Context, command string, t tokens) ([]byte, error) {
	args, ok := splitWords(command, false)
	if !ok || len(args) == 0 {
		return nil, &ConfigError{Text: "KnownHostsCommand has unbalanced quotes"}
	}
	for i := 1; i < len(args); i++ {
		a, err := t.percent(args[i])
		if err != nil {
			return nil, err
		}
		args[i] = a
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.WaitDelay = time.Second // what it has left running may keep its output open
	out, err := cmd.Output()
	if ctx.Err() == context.DeadlineExceeded {
		err = errTimeout
	}
	if err != nil {
		return nil, &ConfigError{Text: "KnownHostsCommand failed: " + err.Error()}
	}
	return out, nil
}
