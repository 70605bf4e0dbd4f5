//go:build unix

package clients

// Inetutils is the ftp(1) of GNU inetutils, the nearest relative of BSD's
// classic one.
type Inetutils struct{}

// Name implements [Client].
func (Inetutils) Name() string { return "inetutils-ftp" }

// Package implements [Client].
func (Inetutils) Package() string { return "inetutils-ftp" }

// Modes implements [Client].
func (Inetutils) Modes(ipv6 bool) []Mode {
	if ipv6 {
		return []Mode{EPSV, EPRT}
	}
	return []Mode{PASV, EPSV, PORT, EPRT}
}

// Get implements [Client].
func (c Inetutils) Get(s Site, m Mode, remote, local string) Command {
	return c.command(s, m, "get "+quote(remote)+" "+quote(local))
}

// Put implements [Client].
func (c Inetutils) Put(s Site, m Mode, local, remote string) Command {
	return c.command(s, m, "put "+quote(local)+" "+quote(remote))
}

// List implements [Client].
func (c Inetutils) List(s Site, m Mode, folder string) Command {
	return c.command(s, m, "ls "+quote(folder))
}

func (Inetutils) command(s Site, m Mode, line string) Command {
	mode := "-p"
	if !m.Passive() {
		mode = "-A"
	}
	stdin := []string{"user " + s.User + " " + s.Password, "binary"}
	if m.Extended() {
		stdin = append(stdin, "epsv4") // switches it on, for IPv4; IPv6 has nothing else
	}
	return Command{
		Program: "inetutils-ftp",
		Args:    []string{"-n", "-i", "-v", mode, s.Host, s.port()},
		Stdin:   lines(append(stdin, line, "quit")...),
	}
}
