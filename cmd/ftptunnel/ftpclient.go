package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"time"
)

// ftpClient is the FTP client of --demo and --check (RFC 959, RFC 2428): enough
// to list, download and upload in each mode, and no more.
type ftpClient struct {
	conn  net.Conn
	text  *textproto.Conn
	close func() // must be called
}

// stepTimeout is how long the client waits for anything.
const stepTimeout = 10 * time.Second

// dialFTP connects and logs in. The client ends with ctx, too.
func dialFTP(ctx context.Context, addr string) (*ftpClient, error) {
	d := net.Dialer{Timeout: stepTimeout}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c := newFTPClient(ctx, conn)
	if err := c.logIn(anonymous); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// newFTPClient returns a client that owns a connection and has said nothing.
func newFTPClient(ctx context.Context, conn net.Conn) *ftpClient {
	forget := context.AfterFunc(ctx, func() { conn.Close() })
	return &ftpClient{conn, textproto.NewConn(conn), func() { forget(); conn.Close() }}
}

// ftpLogin is who logs in to an FTP server.
type ftpLogin struct{ user, password string }

var anonymous = ftpLogin{"anonymous", "demo@"}

// logIn waits for the greeting and logs in, by a password unless the user is
// enough (230, RFC 959 section 5.4).
func (c *ftpClient) logIn(l ftpLogin) error {
	if err := c.greeted(); err != nil {
		return err
	}
	if err := c.authenticate(l); err != nil {
		return err
	}
	_, err := c.command(200, "TYPE I")
	return err
}

// greeted waits for the greeting.
func (c *ftpClient) greeted() error {
	c.limit()
	_, _, err := c.text.ReadResponse(220)
	return err
}

// authenticate sends user and password. The password is in no error.
func (c *ftpClient) authenticate(l ftpLogin) error {
	c.limit()
	if err := c.text.PrintfLine("USER %s", l.user); err != nil {
		return err
	}
	code, text, err := c.text.ReadResponse(0)
	switch {
	case err != nil:
		return fmt.Errorf("USER %s: %w", l.user, err)
	case code == 230 || code == 232:
		return nil
	case code != 331:
		return fmt.Errorf("USER %s: %w", l.user, &textproto.Error{Code: code, Msg: text})
	}
	if err := c.text.PrintfLine("PASS %s", l.password); err != nil {
		return err
	}
	if _, _, err := c.text.ReadResponse(2); err != nil {
		return fmt.Errorf("PASS: %w", err)
	}
	return nil
}

// quit says goodbye.
func (c *ftpClient) quit() error {
	_, err := c.command(221, "QUIT")
	return err
}

// limit gives the next step its time.
func (c *ftpClient) limit() { _ = c.conn.SetDeadline(time.Now().Add(stepTimeout)) }

// command sends a line and returns the text of its reply, which must have the
// code.
func (c *ftpClient) command(code int, format string, args ...any) (string, error) {
	c.limit()
	line := fmt.Sprintf(format, args...)
	if err := c.text.PrintfLine("%s", line); err != nil {
		return "", err
	}
	_, text, err := c.text.ReadResponse(code)
	if err != nil {
		return "", fmt.Errorf("%s: %w", line, err)
	}
	return text, nil
}

// download sends RETR, LIST or NLST and returns what arrived.
func (c *ftpClient) download(mode, line string) ([]byte, error) {
	var b bytes.Buffer
	err := c.transfer(mode, line, func(data net.Conn) error {
		_, err := io.Copy(&b, data)
		return err
	})
	return b.Bytes(), err
}

// upload stores content under the name.
func (c *ftpClient) upload(mode, name string, content []byte) error {
	return c.transfer(mode, "STOR "+name, func(data net.Conn) error {
		_, err := data.Write(content)
		return err
	})
}

// transfer announces a data connection by the mode, sends the line and carries
// the data.
func (c *ftpClient) transfer(mode, line string, carry func(net.Conn) error) error {
	end, err := c.announce(mode)
	if err != nil {
		return err
	}
	defer end.close()
	if _, err := c.command(1, "%s", line); err != nil {
		return err
	}
	data, err := end.open()
	if err != nil {
		return err
	}
	_ = data.SetDeadline(time.Now().Add(stepTimeout))
	err = carry(data)
	data.Close()
	if err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	c.limit()
	_, _, err = c.text.ReadResponse(2)
	return err
}
