//go:build unix

package clients

// Curl is curl(1).
type Curl struct{}

// Name implements [Client].
func (Curl) Name() string { return "curl" }

// Package implements [Client].
func (Curl) Package() string { return "curl" }

// Modes implements [Client].
func (Curl) Modes(ipv6 bool) []Mode {
	if ipv6 {
		return []Mode{EPSV, EPRT}
	}
	return []Mode{PASV, EPSV, PORT, EPRT}
}

// Get implements [Client].
func (c Curl) Get(s Site, m Mode, remote, local string) Command {
	return c.command(s, m, "-o", local, s.url(remote))
}

// Put implements [Client].
func (c Curl) Put(s Site, m Mode, local, remote string) Command {
	return c.command(s, m, "-T", local, s.url(remote))
}

// List implements [Client].
func (c Curl) List(s Site, m Mode, folder string) Command {
	return c.command(s, m, s.folderURL(folder))
}

func (Curl) command(s Site, m Mode, args ...string) Command {
	options := []string{"-q", "-sS", "--globoff", "--user", s.User + ":" + s.Password}
	switch m {
	case PASV:
		options = append(options, "--disable-epsv")
	case PORT:
		options = append(options, "--ftp-port", "-", "--disable-eprt")
	case EPRT:
		options = append(options, "--ftp-port", "-")
	}
	return Command{Program: "curl", Args: append(options, args...)}
}
