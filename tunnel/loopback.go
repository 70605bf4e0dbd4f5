package tunnel

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"
)

// ListenLoopback listens on every loopback address of this machine, 127.0.0.1
// and ::1, on the same port, and fails if one of them is taken. Port 0 chooses
// one that is free on all. The caller closes the listeners.
func ListenLoopback(ctx context.Context, port uint16) ([]net.Listener, error) {
	return listenLoopback(ctx, "tcp", strconv.Itoa(int(port)))
}

// loopbacks are the addresses that localhost stands for.
var loopbacks = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}

// listenLoopback listens on the loopback addresses. A chosen port may be taken
// on the second address: then another is chosen.
func listenLoopback(ctx context.Context, network, port string) ([]net.Listener, error) {
	const attempts = 16
	var err error
	for range attempts {
		var ls []net.Listener
		if ls, err = listenEach(ctx, network, port); err == nil {
			return ls, nil
		}
		if port != "0" || !errors.Is(err, errInUse) {
			break
		}
	}
	return nil, err
}

// listenEach listens on each loopback address that the machine has.
func listenEach(ctx context.Context, network, port string) ([]net.Listener, error) {
	var (
		ls      []net.Listener
		lc      net.ListenConfig
		missing error
	)
	for _, a := range loopbacks {
		l, err := lc.Listen(ctx, network, net.JoinHostPort(a.String(), port))
		if err != nil {
			if lacksAddress(err) {
				missing = err
				continue
			}
			for _, l := range ls {
				l.Close()
			}
			return nil, err
		}
		ls = append(ls, localListener{l})
		_, port, _ = net.SplitHostPort(l.Addr().String())
	}
	if len(ls) == 0 {
		return nil, missing
	}
	return ls, nil
}

// lacksAddress reports whether an error of listening says that this machine
// does not have the address, or any of its family.
func lacksAddress(err error) bool {
	return errors.Is(err, errNoAddress) || errors.Is(err, errNoFamily)
}

// merged is several listeners as one.
type merged struct {
	ls       []net.Listener
	accepted chan net.Conn
	failed   chan error
	done     chan struct{}
	close    sync.Once
	wg       sync.WaitGroup
}

// merge makes one listener of several. Its address is the first one's.
func merge(ls []net.Listener) net.Listener {
	if len(ls) == 1 {
		return ls[0]
	}
	m := &merged{
		ls: ls, accepted: make(chan net.Conn), failed: make(chan error, len(ls)),
		done: make(chan struct{}),
	}
	for _, l := range ls {
		m.wg.Go(func() { m.acceptFrom(l) })
	}
	return m
}

func (m *merged) acceptFrom(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			m.failed <- err
			return
		}
		select {
		case m.accepted <- c:
		case <-m.done:
			abort(c)
			return
		}
	}
}

func (m *merged) Accept() (net.Conn, error) {
	select {
	case c := <-m.accepted:
		return c, nil
	case err := <-m.failed:
		m.Close()
		return nil, err
	case <-m.done:
		return nil, net.ErrClosed
	}
}

func (m *merged) Addr() net.Addr { return m.ls[0].Addr() }

// Close closes every listener and waits for those that accept.
func (m *merged) Close() error {
	m.close.Do(func() {
		close(m.done)
		for _, l := range m.ls {
			l.Close()
		}
		m.wg.Wait()
	})
	return nil
}
