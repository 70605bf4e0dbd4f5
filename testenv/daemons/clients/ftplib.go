//go:build unix

package clients

import _ "embed"

//go:embed transfer.py
var ftplibScript string

// Ftplib is the module ftplib of Python's standard library.
type Ftplib struct{}

// Name implements [Client].
func (Ftplib) Name() string { return "ftplib" }

// Package implements [Client].
func (Ftplib) Package() string { return "python3" }

// Modes implements [Client]. RFC 2428's commands are sent over IPv6 only.
func (Ftplib) Modes(ipv6 bool) []Mode {
	if ipv6 {
		return []Mode{EPSV, EPRT}
	}
	return []Mode{PASV, PORT}
}

// Get implements [Client].
func (c Ftplib) Get(s Site, m Mode, remote, local string) Command {
	return c.command(s, m, "get", remote, local)
}

// Put implements [Client].
func (c Ftplib) Put(s Site, m Mode, local, remote string) Command {
	return c.command(s, m, "put", remote, local)
}

// List implements [Client].
func (c Ftplib) List(s Site, m Mode, folder string) Command {
	return c.command(s, m, "list", folder)
}

func (Ftplib) command(s Site, m Mode, args ...string) Command {
	mode := "active"
	if m.Passive() {
		mode = "passive"
	}
	options := []string{"-I", "-c", ftplibScript, s.Host, s.port(), s.User, s.Password, mode}
	return Command{Program: "python3", Args: append(options, args...)}
}
