package sshconn

import (
	"context"
	"encoding/base64"
	"os/exec"

	"golang.org/x/crypto/ssh"
)

// byCommand adds what KnownHostsCommand prints to what is known: ssh_config(5).
// A command that fails ends the connection, as in ssh.
func (h *hostKeys) byCommand(key ssh.PublicKey) error {
	if h.cfg.KnownHostsCommand == "" {
		return nil
	}
	t := newTokens(h.cfg, &h.cfg.options)
	t['H'], t['I'] = h.name, "HOSTNAME"
	t['t'], t['f'] = key.Type(), fingerprint(h.cfg, key)
	t['K'] = base64.StdEncoding.EncodeToString(key.Marshal())
	out, err := runKnownHosts(h.ctx, h.cfg.KnownHostsCommand, t)
	if err != nil {
		h.err = err
		return err
	}
	keys := parseKnownHosts(out, "KnownHostsCommand", h.name)
	for i := range keys {
		keys[i].command = true
	}
	h.known = append(h.known, keys...)
	return nil
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
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).Output()
	if err != nil {
		return nil, &ConfigError{Text: "KnownHostsCommand failed: " + err.Error()}
	}
	return out, nil
}
