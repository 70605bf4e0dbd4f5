//go:build unix

package clients

// TNFTP is tnftp(1), NetBSD's ftp.
type TNFTP struct{}

// Name implements [Client].
func (TNFTP) Name() string { return "tnftp" }

// Package implements [Client].
func (TNFTP) Package() string { return "tnftp" }

// Modes implements [Client].
func (TNFTP) Modes(ipv6 bool) []Mode {
	if ipv6 {
		return []Mode{EPSV, EPRT}
	}
	return []Mode{PASV, EPSV, PORT, EPRT}
}

// Get implements [Client].
func (c TNFTP) Get(s Site, m Mode, remote, local string) Command {
	return c.command(s, m, "get "+quote(remote)+" "+quote(local))
}

// Put implements [Client].
func (c TNFTP) Put(s Site, m Mode, local, remote string) Command {
	return c.command(s, m, "put "+quote(local)+" "+quote(remote))
}

// List implements [Client].
func (c TNFTP) List(s Site, m Mode, folder string) Command {
	return c.command(s, m, "dir "+quote(folder))
}

func (TNFTP) command(s Site, m Mode, line string) Command {
	mode := "-p"
	if !m.Passive() {
		mode = "-A"
	}
	stdin := []string{"user " + quote(s.User) + " " + quote(s.Password), "binary"}
	if !m.Extended() {
		stdin = append(stdin, "epsv4 off")
	}
	return Command{
		Program: "tnftp",
		Args:    []string{"-n", "-i", "-v", mode, s.Host, s.port()},
		Stdin:   lines(append(stdin, line, "bye")...),
	}
}
