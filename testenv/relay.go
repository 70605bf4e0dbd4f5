package testenv

import (
	"io"
	"net"

	"golang.org/x/crypto/ssh"
)

// relay joins an SSH channel and a connection until both directions have
// ended, or the channel was closed. An end of file passes on as one; a reset
// of the connection reaches the channel as an end of file and a close, which
// is all that SSH can say. It closes both.
func (p *peer) relay(ch ssh.Channel, requests <-chan *ssh.Request, conn net.Conn) {
	defer p.sub.remove(conn)
	defer ch.Close()
	up := make(chan struct{})
	down := make(chan struct{})
	closed := make(chan struct{})
	p.wg.Go(func() { defer close(up); p.channelToConn(conn, ch) })
	p.wg.Go(func() { defer close(down); p.connToChannel(ch, conn) })
	p.wg.Go(func() { defer close(closed); ssh.DiscardRequests(requests) })

	select {
	case <-closed: // no more can be sent, what was received still is
		<-up
		conn.Close()
		<-down
	case <-down:
		<-up
		ch.Close()
		<-closed
	}
}

func (p *peer) channelToConn(conn net.Conn, ch ssh.Channel) {
	// When the peer takes no more, reading from it fails too: that ends the
	// channel, and not before what it said last has been passed on.
	if p.pump(conn, ch) == nil {
		_ = closeWrite(conn)
	}
}

func (p *peer) connToChannel(ch ssh.Channel, conn net.Conn) {
	_ = p.pump(roomy{ch, p.tcp}, conn) // a reset shows as an end of file, as with sshd
	_ = ch.CloseWrite()
}

// roomy is a channel that is written to when the connection has room.
type roomy struct {
	ch  ssh.Channel
	tcp *outboxConn
}

func (r roomy) Write(b []byte) (int, error) {
	r.tcp.waitForRoom()
	return r.ch.Write(b)
}

// pump copies until src ends. It returns nil at an end of file or a failed
// read, and the error of a failed write. While the server is frozen it rests.
func (p *peer) pump(dst io.Writer, src io.Reader) error {
	buf := bulkPool.Get().(*[bulkBuffer]byte)
	defer bulkPool.Put(buf)
	for {
		n, err := src.Read(buf[:])
		if !p.server.gate.pass(p.ctx.Done()) {
			return p.ctx.Err()
		}
		if n > 0 {
			if _, err := dst.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}
