package tunnel

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"ftptunnel/ftpinspect"
)

// session is one client with its control connection to the server. One
// goroutine, run, owns all of it: readers, data connections and dials send it
// what they have found out, and it never waits for a peer.
type session struct {
	v      *server
	t      *Tunnel
	id     uint64
	limits Limits
	ctx    context.Context // of everything that the session starts
	cancel context.CancelFunc
	wg     sync.WaitGroup // of every goroutine that it starts
	inbox  chan func()    // what they have found out
	wake   chan struct{}  // a writer has changed its state

	proxy  *ftpinspect.Proxy // until the client has named its server
	choice ftpinspect.Choice // what it has said, if it had to
	target string            // the FTP server, host:port; empty while proxy is set

	local      netip.Addr     // where the client was accepted, if known
	bind       string         // where its data connections are listened for
	clientAddr netip.AddrPort // the client's, if known
	owner      owner          // of the client's connection
	serverHost string         // where data is dialled
	client     *control
	server     *control // nil until it is dialled
	early      int      // bytes that the client sent before that

	inspector *ftpinspect.Session
	todo      []func() // reports to the inspector, made after the step in progress
	alarms    alarms
	data      map[ftpinspect.ID]*dataConn
	transfers []*transfer // begun and not yet reported as ended
	held      []*pair     // cut uploads whose server end is still open
	said      *said       // the line in progress
	vouching  *vouching   // the line that waits for its data connection

	login     *alarm // the login deadline
	draining  bool
	opaque    bool
	closing   bool // nothing is understood any more, see close
	lingering bool // no data is under way, the last lines are
	over      bool // it has lingered long enough
	abandoned *alarm
	reason    string
	err       error
	started   time.Time
}

func newSession(v *server, id uint64, c net.Conn, l net.Addr, o owner) *session {
	local, bind := acceptedAt(c, l)
	s := &session{
		v: v, t: v.t, id: id, limits: v.limits,
		inbox: make(chan func()), wake: make(chan struct{}, 1),
		local: local, bind: bind, clientAddr: addrPort(c.RemoteAddr()), owner: o,
		data: map[ftpinspect.ID]*dataConn{}, started: time.Now(),
	}
	s.ctx, s.cancel = context.WithCancel(v.ctx)
	s.client = s.newControl(Client, c)
	return s
}

// run serves the session from its first to its last byte.
func (s *session) run() {
	s.t.observe(SessionStarted{Session: s.id, Peer: s.client.conn.RemoteAddr(), Local: s.client.conn.LocalAddr()})
	s.login = s.alarms.after(s.limits.Login, func() { s.sayGoodbye("login time limit exceeded") })
	s.greet()
	for !s.finished() && s.ctx.Err() == nil {
		s.await()
		s.settle()
		if s.server != nil {
			s.pump()
		} else {
			s.converse()
		}
		s.consider()
	}
	s.shutDown()
}

// await acts on the next thing that happens.
func (s *session) await() {
	var draining <-chan struct{}
	if !s.draining {
		draining = s.v.draining
	}
	select {
	case <-s.ctx.Done():
	case do := <-s.inbox:
		do()
	case c := <-s.clientSource():
		s.received(s.client, c)
	case c := <-s.source(s.server):
		s.received(s.server, c)
	case <-s.alarms.C():
		s.alarms.ring()
	case <-draining:
		s.draining = true
	case <-s.wake:
	}
}

// clientSource is where the session waits for the client. Until there is a
// server its lines are only collected, up to a bound.
func (s *session) clientSource() <-chan chunk {
	switch {
	case s.server != nil || s.closing:
		return s.source(s.client)
	case s.proxy != nil && s.client.out.full():
		return nil
	case s.client.end != nil || s.early >= highWater:
		return nil
	}
	return s.client.read
}

// post has do called by the session's goroutine. It reports false if the
// session has ended; then whatever do was to take over stays the caller's.
func (s *session) post(do func()) bool {
	select {
	case s.inbox <- do:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// awake has the session look at its state again.
func (s *session) awake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// dialServer connects to the FTP server.
func (s *session) dialServer() {
	c, err := s.t.dialTarget(s.ctx, s.target)
	if !s.post(func() { s.connected(c, err) }) && err == nil {
		c.Close()
	}
}

// connected begins the dialogue.
func (s *session) connected(c net.Conn, err error) {
	switch {
	case err != nil && s.closing:
	case err != nil:
		s.t.observe(Unreachable{Session: s.id, Target: s.target, Err: err})
		s.err = err
		s.sayGoodbye(err.Error())
	case s.closing:
		s.dispose(c, func(c net.Conn) { c.Close() })
	default:
		s.server = s.newControl(Server, c)
		s.serverHost = dataHost(c, s.target)
		s.inspector = ftpinspect.New(s.inspectorConfig())
	}
}

// step has the inspector take one input, and does what it says. What is learnt
// of the target is shared by all sessions.
func (s *session) step(input func(*ftpinspect.Session) []ftpinspect.Effect) {
	if s.closing || s.inspector == nil {
		return
	}
	var effects []ftpinspect.Effect
	s.t.learn(s.target, func(known ftpinspect.Knowledge) ftpinspect.Knowledge {
		s.inspector.SetKnowledge(known)
		effects = input(s.inspector)
		return s.inspector.Knowledge()
	})
	for _, e := range effects {
		s.carryOut(e)
	}
}

// report has the inspector take an input once the step in progress is done.
func (s *session) report(input func(*ftpinspect.Session) []ftpinspect.Effect) {
	s.todo = append(s.todo, func() { s.step(input) })
}

// settle makes the reports that are due.
func (s *session) settle() {
	for len(s.todo) > 0 {
		do := s.todo[0]
		s.todo = s.todo[1:]
		do()
	}
}
