//go:build unix

package clients

import "strings"

// LFTP is lftp(1).
type LFTP struct{}

// Name implements [Client].
func (LFTP) Name() string { return "lftp" }

// Package implements [Client].
func (LFTP) Package() string { return "lftp" }

// Modes implements [Client]. Over IPv4 it has no EPRT.
func (LFTP) Modes(ipv6 bool) []Mode {
	if ipv6 {
		return []Mode{EPSV, EPRT}
	}
	return []Mode{PASV, EPSV, PORT}
}

// Get implements [Client].
func (c LFTP) Get(s Site, m Mode, remote, local string) Command {
	return c.Script(s, m, "get "+quote(remote)+" -o "+quote(local))
}

// Put implements [Client].
func (c LFTP) Put(s Site, m Mode, local, remote string) Command {
	return c.Script(s, m, "put "+quote(local)+" -o "+quote(remote))
}

// List implements [Client].
func (c LFTP) List(s Site, m Mode, folder string) Command {
	return c.Script(s, m, "ls "+quote(folder))
}

// Script runs commands of lftp's in turn, until one fails.
func (LFTP) Script(s Site, m Mode, commands ...string) Command {
	script := []string{
		"set cmd:fail-exit yes",
		"set ftp:ssl-allow no",
		"set net:max-retries 1",
		"set net:timeout 20",
		"set xfer:clobber yes",
		"set ftp:passive-mode " + onOff(m.Passive()),
		"set ftp:auto-passive-mode no",
		"set ftp:prefer-epsv " + onOff(m.Extended()),
		"open -u " + quote(s.User+","+s.Password) + " -p " + s.port() + " " + s.Host,
	}
	script = append(script, commands...)
	return Command{Program: "lftp", Args: []string{"--norc", "-c", strings.Join(script, "; ")}}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
