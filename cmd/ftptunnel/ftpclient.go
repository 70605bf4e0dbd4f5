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

// ftpClient is the demonstration's FTP client (RFC 959, RFC 2428): enough to
// list, download and upload in each mode, and no more.
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
	forget := context.AfterFunc(ctx, func() { conn.Close() })
	c := &ftpClient{conn, textproto.NewConn(conn), func() { forget(); conn.Close() }}
	if err := c.logIn(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *ftpClient) logIn() error {
	c.limit()
	if _, _, err := c.text.ReadResponse(220); err != nil {
		return err
	}
	if _, err := c.command(331, "USER anonymous"); err != nil {
		return err
	}
	if _, err := c.command(230, "PASS demo@"); err != nil {
		return err
	}
	_, err := c.command(200, "TYPE I")
	return err
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
