//go:build unix

package clients

// NcFTP is ncftpget(1), ncftpput(1) and ncftpls(1).
type NcFTP struct{}

// Name implements [Client].
func (NcFTP) Name() string { return "ncftp" }

// Package implements [Client].
func (NcFTP) Package() string { return "ncftp" }

// Modes implements [Client]. It knows neither IPv6 nor RFC 2428.
func (NcFTP) Modes(ipv6 bool) []Mode {
	if ipv6 {
		return nil
	}
	return []Mode{PASV, PORT}
}

// Get implements [Client].
func (c NcFTP) Get(s Site, m Mode, remote, local string) Command {
	return c.command("ncftpget", s, m, "-V", "-Z", "-r", "1", "-C", s.Host, remote, local)
}

// GetTree downloads a folder with all that is in it into a local one.
func (c NcFTP) GetTree(s Site, m Mode, remote, local string) Command {
	return c.command("ncftpget", s, m, "-V", "-r", "1", "-R", s.Host, local, remote)
}

// Put implements [Client].
func (c NcFTP) Put(s Site, m Mode, local, remote string) Command {
	return c.command("ncftpput", s, m, "-V", "-Z", "-r", "1", "-C", s.Host, local, remote)
}

// List implements [Client].
func (c NcFTP) List(s Site, m Mode, folder string) Command {
	return c.command("ncftpls", s, m, "-l", s.folderURL(folder))
}

func (NcFTP) command(program string, s Site, m Mode, args ...string) Command {
	options := []string{"-u", s.User, "-p", s.Password, "-P", s.port(), "-t", "20", "-F"}
	if !m.Passive() {
		options[len(options)-1] = "-E"
	}
	return Command{Program: program, Args: append(options, args...)}
}
