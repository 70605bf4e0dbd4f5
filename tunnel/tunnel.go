package tunnel

import (
	"hash"
	"net/netip"
	"sync"

	"golang.org/x/time/rate"

	"ftptunnel/ftpinspect"
)

// Tunnel serves FTP clients of one side with an FTP server of the other. Its
// exported fields are set before its first method is called and not changed
// afterwards; its methods are safe for concurrent use. It must not be copied.
type Tunnel struct {
	// Client is the side that clients arrive on, Server the one that the FTP
	// server is reached through. Nil is this machine.
	Client, Server Side

	// Target is the FTP server, host:port, as Server resolves it. If it is
	// empty the tunnel is an FTP proxy: each client names its server, as
	// [ftpinspect.Proxy] has it, and can reach every host that Server can.
	Target string

	// Mode, ReplyHost, Prefetch, FXP and TLS are the policies of [ftpinspect.Config].
	Mode      ftpinspect.ServerMode
	ReplyHost bool
	Prefetch  bool
	FXP       bool
	TLS       ftpinspect.TLSMode

	// ActiveAddress is where the server reaches our listeners, with
	// ModeActive. If it is not set, active mode works for a target on
	// Server's loopback, and where Server tells its own address, as this
	// machine does.
	ActiveAddress netip.Addr

	// SameUser serves only clients of the user of this process, where the
	// system tells whose a connection is.
	SameUser bool

	Limits Limits

	// Observe is told what happens; it may be nil. It is called from many
	// goroutines at once and must not block.
	Observe func(Event)

	// Hash makes the hashes for TransferEnded.Digest. If it is nil nothing is
	// hashed.
	Hash func() hash.Hash

	learning sync.Mutex // guards know, and is held for a step of an inspector
	know     map[string]ftpinspect.Knowledge

	running running

	mu       sync.Mutex // guards what follows
	serving  int
	perPeer  map[netip.Addr]int
	pace     *rate.Limiter // of new sessions; nil until the first
	dataOpen int           // data connections of all sessions
	lastID   uint64
	draining chan struct{} // closed by Drain; nil until it is asked for
	drained  bool
	cuts     cutList
}

// Drain lets the tunnel come to its end: nobody is accepted any more, idle
// sessions get a 421, transfers finish for at most Limits.Grace, and Serve
// returns. It does not wait.
func (t *Tunnel) Drain() {
	drained := t.drain()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.drained {
		t.drained = true
		close(drained)
	}
}

func (t *Tunnel) drain() chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.draining == nil {
		t.draining = make(chan struct{})
	}
	return t.draining
}

// Cut returns the transfers that were cut and not aborted by the client
// itself, and that no later transfer of the same path and direction has made
// good.
func (t *Tunnel) Cut() []Cut {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cuts.list()
}

func (t *Tunnel) observe(e Event) {
	if t.Observe != nil {
		t.Observe(e)
	}
}

func (t *Tunnel) clientSide() Side { return orLocal(t.Client) }
func (t *Tunnel) serverSide() Side { return orLocal(t.Server) }

func orLocal(s Side) Side {
	if s == nil {
		return Local{}
	}
	return s
}

// enter counts a session in, unless there are too many, or too many have come
// of late.
func (t *Tunnel) enter(peer netip.Addr, l Limits) (id uint64, why Refusal, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.serving >= l.Sessions || t.perPeer[peer] >= l.PerPeer {
		return 0, TooManySessions, false
	}
	if t.pace == nil {
		t.pace = rate.NewLimiter(rate.Limit(l.Rate), l.Burst)
		t.perPeer = map[netip.Addr]int{}
	}
	if !t.pace.Allow() {
		return 0, TooFast, false
	}
	t.serving++
	t.perPeer[peer]++
	t.lastID++
	return t.lastID, 0, true
}

func (t *Tunnel) leave(peer netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.serving--
	if t.perPeer[peer]--; t.perPeer[peer] == 0 {
		delete(t.perPeer, peer)
	}
}

// enterData counts a data connection in, unless there are too many.
func (t *Tunnel) enterData(l Limits) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dataOpen >= l.DataConns {
		return false
	}
	t.dataOpen++
	return true
}

func (t *Tunnel) leaveData(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dataOpen -= n
}
