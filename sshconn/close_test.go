package sshconn

import (
	"net"
	"testing"
	"time"

	"ftptunnel/testenv"
)

// TestCloseBehindFrozenJump: Close does not wait for a jump host that takes no
// more, as long as the keepalive gives it, or for ever without.
func TestCloseBehindFrozenJump(t *testing.T) {
	jump, _, cfg := behind(t, testenv.SSHOptions{})
	small := func(c *net.TCPConn) net.Conn {
		c.SetWriteBuffer(64 << 10) // less than a window, as on a line that has gone
		return c
	}
	cfg.Jumps[0].options.Wrap = small
	for _, hop := range []*Config{cfg, cfg.Jumps[0]} {
		hop.ServerAliveInterval = 0
	}
	c := NewClient(cfg, nil, nil)
	k, err := c.DialContext(short(t), "tcp", echoServer(t))
	if err != nil {
		t.Fatal(err)
	}
	jump.Freeze()
	wrote := make(chan error, 1)
	progress := make(chan struct{}, 1000)
	go func() {
		for buf := make([]byte, 64<<10); ; {
			if _, err := k.Write(buf); err != nil {
				wrote <- err
				return
			}
			progress <- struct{}{}
		}
	}()
	for stuck := false; !stuck; {
		select {
		case <-progress:
		case <-time.After(2 * time.Second):
			stuck = true
		}
	}
	closed := make(chan struct{})
	go func() {
		c.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("Close waits for a jump host that is frozen")
		jump.Thaw()
		<-closed
	}
	<-wrote
}
