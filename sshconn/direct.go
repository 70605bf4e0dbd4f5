package sshconn

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"
)

// directMsg opens a direct-tcpip channel: RFC 4254, section 7.2.
type directMsg struct {
	Host       string
	Port       uint32
	Originator string
	OrigPort   uint32
}

// opened is what became of a channel open.
type opened struct {
	ch   ssh.Channel
	reqs <-chan *ssh.Request
	err  error
}

// dial asks the server to connect to address.
func (c *connection) dial(ctx context.Context, address string) (*Conn, error) {
	host, port, err := splitAddress(address)
	if err != nil {
		return nil, err
	}
	msg := ssh.Marshal(&directMsg{Host: host, Port: uint32(port), Originator: "127.0.0.1"})
	o, err := c.open(ctx, "direct-tcpip", msg)
	if err != nil {
		var refused *ssh.OpenChannelError
		if errors.As(err, &refused) {
			return nil, &ForwardError{Addr: address, Reason: ForwardReason(refused.Reason), Text: refused.Message}
		}
		return nil, err
	}
	return newConn(c, o.ch, o.reqs, Addr("originator"), Addr(address))
}

// open opens a channel. The server's answer may take as long as its own
// connect does: when ctx ends first, the channel is closed as soon as it opens.
func (c *connection) open(ctx context.Context, kind string, msg []byte) (opened, error) {
	answer, gone := make(chan opened), make(chan struct{})
	defer close(gone)
	if !c.begin(func() { c.await(kind, msg, answer, gone) }) {
		return opened{}, c.endError()
	}
	select {
	case o := <-answer:
		if o.err != nil && !c.alive() {
			return o, c.endError()
		}
		return o, o.err
	case <-ctx.Done():
		return opened{}, context.Cause(ctx)
	case <-c.done:
		return opened{}, c.endError()
	}
}

// await opens a channel and hands it to answer, or closes it when gone is.
func (c *connection) await(kind string, msg []byte, answer chan<- opened, gone <-chan struct{}) {
	var o opened
	asked := time.Now()
	o.ch, o.reqs, o.err = c.ssh.OpenChannel(kind, msg)
	if o.err == nil {
		c.pace.opened(time.Since(asked))
	}
	select {
	case answer <- o:
	case <-gone:
		if o.err == nil {
			o.ch.Close()
			ssh.DiscardRequests(o.reqs)
		}
	}
}

// splitAddress splits host:port; the port is a number from 0 to 65535.
func splitAddress(address string) (host string, port uint16, err error) {
	host, p, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil {
		return "", 0, &net.AddrError{Err: "invalid port", Addr: address}
	}
	return host, uint16(n), nil
}
