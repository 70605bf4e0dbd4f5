package testenv

import (
	"errors"
	"net"
	"sync"
)

// conns is the set of what a server has open, so that it can end it at once.
// After closeAll it takes nothing more.
type conns struct {
	mu     sync.Mutex
	open   map[closer]struct{} // guarded by mu
	closed bool                // guarded by mu
}

type closer interface{ Close() error }

// add puts c under the set's care. If the set is closed, so is c, and add
// says false.
func (s *conns) add(c closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.Close()
		return false
	}
	if s.open == nil {
		s.open = make(map[closer]struct{})
	}
	s.open[c] = struct{}{}
	return true
}

// remove closes c and forgets it.
func (s *conns) remove(c closer) {
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	c.Close()
}

func (s *conns) each() []closer {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]closer, 0, len(s.open))
	for c := range s.open {
		all = append(all, c)
	}
	return all
}

// closeAll closes everything and whatever is added later.
func (s *conns) closeAll() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, c := range s.each() {
		c.Close()
	}
}

// resetAll closes every connection so that its peer sees a reset.
func (s *conns) resetAll() {
	for _, c := range s.each() {
		if conn, ok := c.(net.Conn); ok {
			reset(conn)
		}
	}
}

// reset closes c so that the peer sees a TCP reset, where the transport can.
func reset(c net.Conn) {
	if l, ok := c.(interface{ SetLinger(int) error }); ok {
		_ = l.SetLinger(0) // fails only on a closed connection
	}
	c.Close()
}

// closeWrite sends the peer an end of file.
func closeWrite(c net.Conn) error {
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return errors.ErrUnsupported
}

// bulkBuffer is the size of the buffers of every copy in this package, in
// bytes: large enough that system calls do not dominate.
const bulkBuffer = 256 << 10

var bulkPool = sync.Pool{New: func() any { return new([bulkBuffer]byte) }}
