package sshconn

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// execTimeout bounds the one command.
const execTimeout = 30 * time.Second

// execute runs "exit 0" on an OpenSSH before 10.1, beside everything else. Such
// a server leaves Nagle's delay on until something has been executed, which
// costs every small write 40 ms on an otherwise idle connection; a forced command
// cures it as well, a refusal (MaxSessions 0) does not. It may fail.
func (c *Client) execute(conn *connection) {
	if !c.cfg.Executes(string(conn.ssh.ServerVersion())) {
		return
	}
	conn.begin(func() {
		ctx, cancel := context.WithTimeout(c.base, execTimeout)
		defer cancel()
		err := conn.exec(ctx, "exit 0")
		c.notify(Event{Kind: ExecSent, Host: c.cfg.Alias, Text: "exit 0", Err: err})
	})
}

// exec starts a command and closes its channel as soon as the server has
// answered.
func (c *connection) exec(ctx context.Context, command string) error {
	o, err := c.open(ctx, "session", nil)
	if err != nil {
		return err
	}
	if !c.begin(func() { ssh.DiscardRequests(o.reqs) }) {
		return c.endError()
	}
	answered := make(chan error, 1)
	c.begin(func() {
		ok, err := o.ch.SendRequest("exec", true, ssh.Marshal(&struct{ Command string }{command}))
		if err == nil && !ok {
			err = errors.New("the server does not execute commands")
		}
		answered <- err
	})
	defer o.ch.Close()
	select {
	case err = <-answered:
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-c.done:
		err = c.endError()
	}
	return err
}

// delaysSmallWrites reports whether a version string is that of an OpenSSH
// before 10.1.
func delaysSmallWrites(version string) bool {
	_, v, ok := strings.Cut(version, "OpenSSH_")
	if !ok {
		return false
	}
	end := strings.IndexFunc(v, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end >= 0 {
		v = v[:end]
	}
	major, minor, _ := strings.Cut(v, ".")
	a, err := strconv.Atoi(major)
	b, _ := strconv.Atoi(minor)
	return err == nil && (a < 10 || a == 10 && b < 1)
}
