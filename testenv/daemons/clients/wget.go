//go:build unix

package clients

// Wget is wget(1), which does not upload.
type Wget struct{}

// Name implements [Client].
func (Wget) Name() string { return "wget" }

// Package implements [Client].
func (Wget) Package() string { return "wget" }

// Modes implements [Client].
func (Wget) Modes(ipv6 bool) []Mode {
	if ipv6 {
		return []Mode{EPSV, EPRT}
	}
	return []Mode{PASV, PORT}
}

// Get implements [Client].
func (c Wget) Get(s Site, m Mode, remote, local string) Command {
	return c.command(s, m, "-O", local, s.url(remote))
}

// Put implements [Client].
func (Wget) Put(Site, Mode, string, string) Command { return Command{} }

// List implements [Client]. The listing is a page of HTML.
func (c Wget) List(s Site, m Mode, folder string) Command {
	return c.command(s, m, "-O", "-", s.folderURL(folder))
}

func (Wget) command(s Site, m Mode, args ...string) Command {
	options := []string{"--no-config", "-nv", "--tries=1", "--timeout=20",
		"--ftp-user=" + s.User, "--ftp-password=" + s.Password}
	if !m.Passive() {
		options = append(options, "--no-passive-ftp")
	}
	return Command{Program: "wget", Args: append(options, args...)}
}
