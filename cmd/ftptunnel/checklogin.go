package main

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"

	"ftptunnel/sshconn"
)

// testFTPLogin logs in past the tunnel.
func (c *check) testFTPLogin(ctx context.Context) hop {
	err := c.talk(ctx, func(f *ftpClient) error { return f.authenticate(c.login.ftpLogin) })
	if err == nil {
		return passed("%s, %s", c.login.user, c.login.from)
	}
	e, ok := errors.AsType[*textproto.Error](err)
	switch {
	case ok && demandsTLS(e):
		return c.wrong(err, c.plainRemedy()...)
	case ok && e.Code == 530:
		netrc := "~/.netrc"
		if path := c.getenv("NETRC"); path != "" {
			netrc = path
		}
		return failed(fmt.Sprintf("%s, %s, is not let in: %v", c.login.user, c.login.from, e),
			fmt.Sprintf("in %s: machine %s login USER password PASSWORD", netrc, c.machines()[0]))
	}
	return c.wrong(err, c.again()+" -vv shows the dialogue")
}

// tlsWords are how servers ask for TLS (vsftpd, ProFTPD, Pure-FTPd, pyftpdlib,
// FileZilla, IIS), beside their codes.
var tlsWords = regexp.MustCompile(`(?i)\b(TLS|SSL|encrypt\w*|cleartext|AUTH|secure|PROT)\b`)

// demandsTLS reports whether a refusal asks for TLS (RFC 4217, section 12).
func demandsTLS(e *textproto.Error) bool {
	switch e.Code {
	case 421, 503, 521, 522, 530, 533, 534, 550:
		return tlsWords.MatchString(e.Msg)
	}
	return false
}

// plainRemedy is for an FTP server that insists on TLS.
func (c *check) plainRemedy() []string {
	host := c.ftpHost()
	return []string{
		fmt.Sprintf("on %s, vsftpd.conf: force_local_logins_ssl=NO, force_local_data_ssl=NO, force_anon_logins_ssl=NO, force_anon_data_ssl=NO", host),
		fmt.Sprintf("or proftpd.conf: TLSRequired off; Pure-FTPd: TLS 1; FileZilla Server: plain FTP permitted for %s", c.sshHost()),
		"for login and commands alone: --tls pass",
	}
}

// foundLogin is a login and where it was found.
type foundLogin struct {
	ftpLogin
	from string
}

// machines are the names that the FTP server's password may stand under in a
// netrc file: its own, and what FTP clients connect to.
func (c *check) machines() []string {
	names := []string{c.forward.host}
	if onSSHHost(c.forward.host) {
		names = []string{c.cfg.Alias, c.cfg.HostName, c.forward.host}
	}
	return append(names, "127.0.0.1", "localhost")
}

// findLogin finds who logs in to the FTP server: by netrc, by whom the user
// names at the terminal, or anonymous.
func (c *check) findLogin(ctx context.Context) foundLogin {
	path := c.getenv("NETRC")
	if path == "" {
		path = filepath.Join(c.homeFolder(), ".netrc")
	}
	if text, err := os.ReadFile(path); err == nil {
		entries := parseNetrc(string(text))
		for _, name := range append(c.machines(), "") {
			if l, ok := entries[name]; ok && l.user != "" {
				return foundLogin{l, "by " + path}
			}
		}
	}
	if l, ok := c.askLogin(ctx); ok {
		return foundLogin{l, "by the terminal"}
	}
	return foundLogin{anonymous, "for want of another"}
}

// homeFolder is where a user's netrc file is.
func (c *check) homeFolder() string {
	if c.home != "" {
		return c.home
	}
	dir, _ := os.UserHomeDir()
	return dir
}

// askLogin asks at the terminal, unless nothing may be asked; an empty answer
// is anonymous.
func (c *check) askLogin(ctx context.Context) (ftpLogin, bool) {
	if c.batch {
		return ftpLogin{}, false
	}
	user, err := c.prompt.onTerminal(ctx, fmt.Sprintf("FTP user at %s (anonymous): ", c.forward.target()), true)
	if err != nil || user == "" {
		return ftpLogin{}, false
	}
	password, err := c.prompt.onTerminal(ctx, "FTP password: ", false)
	return ftpLogin{user, password}, err == nil
}

// onTerminal asks at the terminal alone: nobody may sit where SSH_ASKPASS pops
// up for SSH's sake.
func (p *prompter) onTerminal(ctx context.Context, prompt string, echo bool) (string, error) {
	if chooseAskpass(p.env.getenv) == askpassFirst {
		return "", sshconn.ErrNoPrompt
	}
	t, err := openTerminal()
	if err != nil {
		return "", sshconn.ErrNoPrompt
	}
	defer t.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	return t.ask(ctx, escapePrompt(prompt), echo)
}
