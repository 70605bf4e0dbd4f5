package sshconn

import (
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// queueLength bounds the forwarded connections that wait for Accept; further
// ones are rejected.
const queueLength = 16

// idleForwards bounds the forwards that are kept for reuse; further ones are
// cancelled.
const idleForwards = 64

// restForward is for how long a forward at which nothing arrived is not used
// again. Its port was named to a server, which may still connect to it, late,
// and that connection must not be taken for another transfer's.
const restForward = 10 * time.Second

// forwards is the remote forwards of one connection: an own dispatcher in the
// place of ssh.Client.Listen, which deadlocks when connections are not accepted
// while a listener is closed. A forward outlives its listener: it is reused,
// first in first out, because a new one costs a round trip and because Dropbear
// never cancels one.
type forwards struct {
	c   *connection
	now func() time.Time

	mu     sync.Mutex // guards the maps and every forward's fields
	byPort map[uint16][]*forward
	idle   []*forward
	burnt  map[uint16]bool // retired: for those alone who ask for that very port

	exposure exposure // of what was asked for on loopback
}

// forward is one address that the server listens on for us.
type forward struct {
	host      string // as it was asked for
	asked     uint16
	port      uint16    // as it was granted
	open      *Listener // nil while nobody listens: arrivals are rejected
	confirmed bool      // what connects there was seen to arrive; of listen alone, without mu
	used      bool      // something arrived since it was opened
	rests     time.Time // until then it is not taken again
}

func newForwards(c *connection) *forwards {
	return &forwards{c: c, now: time.Now, byPort: map[uint16][]*forward{}, burnt: map[uint16]bool{}}
}

// forwardedMsg is the payload of a forwarded-tcpip channel: RFC 4254, section
// 7.2.
type forwardedMsg struct {
	Host       string
	Port       uint32
	Originator string
	OrigPort   uint32
}

// dispatch hands a forwarded connection to its listener, or rejects it. It
// never waits.
func (f *forwards) dispatch(nc ssh.NewChannel) {
	var msg forwardedMsg
	if err := ssh.Unmarshal(nc.ExtraData(), &msg); err != nil || msg.Port > 65535 {
		nc.Reject(ssh.ConnectionFailed, "cannot parse the request")
		return
	}
	if reason, text := f.deliver(msg, arrival{nc, originator(msg)}); reason != 0 {
		nc.Reject(reason, text) // without the lock: it writes to the network
	}
}

// deliver queues an arrival, or says why it is to be rejected.
func (f *forwards) deliver(msg forwardedMsg, a arrival) (ssh.RejectionReason, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.lookup(msg.Host, uint16(msg.Port))
	if l == nil {
		return ssh.Prohibited, "nobody expects this connection"
	}
	select {
	case l.queue <- a:
		l.w.used = true
		return 0, ""
	default:
		return ssh.ResourceShortage, "too many connections wait"
	}
}

// lookup returns the listener that a connection to host:port belongs to. The
// port decides: servers report another address than was asked for (OpenSSH
// with GatewayPorts, Dropbear). The address decides between equal ports.
func (f *forwards) lookup(host string, port uint16) *Listener {
	var found *Listener
	for _, w := range f.byPort[port] {
		if w.open != nil && (found == nil || w.host == host) {
			found = w.open
		}
	}
	return found
}

// originator returns the address that the connection comes from, as the server
// says.
func originator(msg forwardedMsg) net.Addr {
	host, _, _ := strings.Cut(msg.Originator, "%")
	if ip := net.ParseIP(host); ip != nil && msg.OrigPort <= 65535 {
		return &net.TCPAddr{IP: ip, Port: int(msg.OrigPort)}
	}
	return Addr(msg.Originator)
}

// take reuses the idle forward for host:asked that has been idle longest, of
// those that need not rest.
func (f *forwards) take(host string, asked uint16) *Listener {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, w := range f.idle {
		if w.host == host && w.asked == asked && !f.now().Before(w.rests) {
			f.idle = append(f.idle[:i:i], f.idle[i+1:]...)
			return f.listen(w)
		}
	}
	return nil
}

// add registers a forward that the server granted. With port 0 asked for it may
// grant one that was retired before: that one stays unused.
func (f *forwards) add(w *forward) *Listener {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.byPort[w.port] = append(f.byPort[w.port], w)
	if f.burnt[w.port] && w.asked == 0 {
		return nil
	}
	return f.listen(w)
}

// listen opens w. The caller holds mu.
func (f *forwards) listen(w *forward) *Listener {
	l := &Listener{f: f, w: w, queue: make(chan arrival, queueLength), done: make(chan struct{})}
	w.open, w.used = l, false
	return l
}

// forget takes back that anything arrived: what did so was our own.
func (f *forwards) forget(w *forward) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.used = false
}

// drop forgets a forward that the server has cancelled.
func (f *forwards) drop(w *forward) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.byPort[w.port]
	for i, x := range all {
		if x == w {
			f.byPort[w.port] = append(all[:i:i], all[i+1:]...)
		}
	}
	if len(f.byPort[w.port]) == 0 {
		delete(f.byPort, w.port)
	}
}

// release ends a listener: nothing arrives at w until it is taken again. It
// returns true when w is not kept for that and should be cancelled.
func (f *forwards) release(w *forward, burn bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w.open = nil; !w.used {
		w.rests = f.now().Add(restForward)
	}
	if burn {
		f.burnt[w.port] = true
		return true
	}
	if len(f.idle) >= idleForwards {
		return true
	}
	f.idle = append(f.idle, w)
	return false
}
