package testenv

import (
	"net"
	"sync"
	"time"
)

// outboxConn is a connection whose Write never waits for the peer. x/crypto
// answers some messages from the loop that reads; if writing could block that
// loop, two peers with full buffers would wait for each other for ever. sshd
// reads on whatever it has to write, and so does this.
//
// What keeps the memory bounded is that those who move data wait for room,
// with waitForRoom, before they write a piece of it.
type outboxConn struct {
	*gatedConn
	mu      sync.Mutex
	more    sync.Cond // pending or closing has changed
	less    sync.Cond // pending was taken, or err was set
	pending []byte    // guarded by mu
	spare   []byte    // a buffer to reuse; guarded by mu
	closing bool      // guarded by mu
	err     error     // of the first write that failed; guarded by mu
}

const (
	outboxRoom = 256 << 10   // pending bytes that still leave room
	farewell   = time.Second // for what is pending at Close
)

func newOutboxConn(c *gatedConn) *outboxConn {
	o := &outboxConn{gatedConn: c}
	o.more.L, o.less.L = &o.mu, &o.mu
	return o
}

// Write implements net.Conn. It keeps a copy of b, and fails once a write to
// the connection has.
func (o *outboxConn) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	if o.closing {
		return 0, net.ErrClosed
	}
	o.pending = append(o.pending, b...)
	o.more.Signal()
	return len(b), nil
}

// waitForRoom returns when little is pending, or nothing can be sent any more.
func (o *outboxConn) waitForRoom() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.pending) >= outboxRoom && o.err == nil && !o.closing {
		o.less.Wait()
	}
}

// send writes what is pending until Close, and then closes the connection.
func (o *outboxConn) send() {
	defer o.gatedConn.Close()
	for {
		b, err := o.take()
		if b == nil {
			return
		}
		if err == nil {
			_, err = o.gatedConn.Write(b)
		}
		o.giveBack(b, err)
	}
}

// take waits for something pending; nil when there is nothing and will not be.
func (o *outboxConn) take() ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.pending) == 0 && !o.closing {
		o.more.Wait()
	}
	if len(o.pending) == 0 {
		return nil, nil
	}
	b := o.pending
	o.pending, o.spare = o.spare[:0], nil
	return b, o.err
}

func (o *outboxConn) giveBack(b []byte, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	const most = 4 * outboxRoom
	if cap(b) <= most {
		o.spare = b
	}
	if err != nil && o.err == nil {
		o.err = err
	}
	o.less.Broadcast()
}

// Close implements net.Conn. Reading ends at once; what is pending is sent
// first, if the peer takes it soon, and so are the last words of a failed
// authentication.
func (o *outboxConn) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closing {
		o.closing = true
		_ = o.SetWriteDeadline(time.Now().Add(farewell))
		_ = o.SetReadDeadline(time.Now())
		o.more.Signal()
		o.less.Broadcast()
	}
	return nil
}

// SetLinger implements what reset needs: a connection that is to be reset
// sends nothing more.
func (o *outboxConn) SetLinger(seconds int) error {
	err := o.gatedConn.SetLinger(seconds)
	if seconds == 0 {
		o.gatedConn.Close()
	}
	return err
}
