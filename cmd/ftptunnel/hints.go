package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"ftptunnel/sshconn"
)

// hint returns what the user can do about an error, "" if there is nothing to
// say. It is one line that can be typed or sent to the server's administrator.
func (p *program) hint(err error) string {
	for _, h := range []func(error) string{
		usageHint, commandHint, p.configHint, p.hostKeyHint, p.authHint, p.connectHint,
		p.targetHint, p.forwardHint, p.hereHint, p.listenHint, handedHint, fileHint,
	} {
		if s := h(err); s != "" {
			return s
		}
	}
	return ""
}

func usageHint(err error) string {
	if e, ok := errors.AsType[*usageError](err); ok {
		return e.hint
	}
	return ""
}

func handedHint(err error) string {
	if e, ok := errors.AsType[*handedError](err); ok {
		return e.hint
	}
	return ""
}

func commandHint(err error) string {
	e, ok := errors.AsType[*commandError](err)
	switch {
	case !ok:
		return ""
	case strings.ContainsAny(e.name, " \t"):
		return "a command and its arguments are separate words; a shell line is run by: -- sh -c 'LINE'"
	case e.exitStatus() == exitCannotExecute:
		return "chmod +x " + e.name
	}
	return "the command after -- is looked up in PATH; aliases and functions of the shell are not known"
}

// configHint is for a configuration that cannot be used.
func (p *program) configHint(err error) string {
	e, ok := errors.AsType[*sshconn.ConfigError](err)
	if !ok {
		return ""
	}
	if _, keyword, ok := strings.Cut(e.Text, "bad configuration option: "); ok {
		return fmt.Sprintf("if it is no slip, this passes it over, in ssh too: -o %s", word("IgnoreUnknown="+keyword))
	}
	switch {
	case e.NeedsSSH:
		return "install OpenSSH's client, which is asked what a line means, or name another file: -F FILE"
	case e.Unimplemented:
		return engineHint
	case p.lacksConfig():
		return "without -F it is ~/.ssh/config that is read, with -F none nothing"
	}
	return p.sshCommand("-G") + " shows what ssh makes of it"
}

// noConfig reports whether -F has ssh's word for no file at all.
func (p *program) noConfig() bool { return strings.EqualFold(p.config, "none") }

// lacksConfig reports whether -F names a file that is not there.
func (p *program) lacksConfig() bool {
	if p.config == "" || p.noConfig() {
		return false
	}
	_, err := os.Stat(p.config)
	return errors.Is(err, fs.ErrNotExist)
}

// hostKeyHint is for a host key that was refused.
func (p *program) hostKeyHint(err error) string {
	e, ok := errors.AsType[*sshconn.HostKeyError](err)
	if !ok {
		return ""
	}
	switch e.Kind {
	case sshconn.Changed:
		remove := fmt.Sprintf("ssh-keygen -R '%s'", e.Host)
		if e.File != "" {
			remove += " -f " + word(e.File)
		}
		return "somebody may be listening in; if the host is known to have a new key: " + remove
	case sshconn.Revoked:
		return "do not connect; ask the host's administrator for its valid key"
	}
	ask := p.sshCommand("-o", "StrictHostKeyChecking=ask")
	if e.Jump != "" { // ssh hands -o to no jump host
		ask = p.sshJump(e.Jump, "-o", "StrictHostKeyChecking=ask")
	}
	return "compare the fingerprint with the host's, then say yes once to: " + ask
}

// listenHint is for a port on this machine that cannot be listened on.
func (p *program) listenHint(err error) string {
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return "" // a file's permissions are another matter
	}
	const wsaEADDRINUSE = syscall.Errno(10048) // Windows' own number
	other, free := "--listen localhost:PORT takes another port", "--listen localhost:2121"
	if p.byOption {
		other, free = "give another port, or 0 for any free one", "as in -L 2121:host:21"
	}
	_, unknown := errors.AsType[*bindNameError](err)
	switch {
	case unknown && p.byOption:
		return "before the port stands one of this machine's addresses; without one it is every loopback address, as in -L 2121:host:21"
	case unknown:
		return "that name is none of this machine's addresses: " + free
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, wsaEADDRINUSE):
		return "another program listens there, perhaps another ftptunnel: " + other
	case errors.Is(err, syscall.EACCES):
		return "ports below 1024 need a privilege: " + free
	case errors.Is(err, syscall.EADDRNOTAVAIL) && p.byOption:
		return "this machine does not have that address; without one it is every loopback address, as in -L 2121:host:21"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "this machine does not have that address: " + free
	}
	return ""
}

// fileHint is for a file of ours that cannot be opened.
func fileHint(err error) string {
	e, ok := errors.AsType[*fs.PathError](err)
	switch {
	case !ok || e.Op != "open":
		return ""
	case errors.Is(err, fs.ErrNotExist):
		return "mkdir -p " + word(filepath.Dir(e.Path))
	case errors.Is(err, fs.ErrPermission):
		return "you may not write there: name another file"
	case errors.Is(err, syscall.EISDIR):
		return "it is a folder: name a file in it"
	}
	return ""
}
