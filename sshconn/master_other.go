//go:build !unix

package sshconn

import "context"

// joinMaster: control sockets pass descriptors, which only Unix does.
func (c *Client) joinMaster(context.Context) carrier { return nil }

func (c *Client) startMaster(context.Context) (carrier, error) {
	return nil, &ConfigError{Text: "the engine openssh needs a Unix system"}
}
