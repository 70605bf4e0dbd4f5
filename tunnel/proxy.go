package tunnel

import (
	"slices"

	"ftptunnel/ftpinspect"
)

// greet begins a session: with the dial of its server or, where the client
// still has to name one, with a greeting of our own.
func (s *session) greet() {
	if s.t.Target != "" {
		s.target = s.t.Target
		s.wg.Go(s.dialServer)
		return
	}
	s.proxy = new(ftpinspect.Proxy)
	s.send(Client, []byte(ftpinspect.ProxyGreeting))
}

// converse answers the client's lines until it has named its server. What it
// sends after that waits for the server's connection.
func (s *session) converse() {
	for s.proxy != nil && !s.closing && !s.client.out.full() {
		l, ok := s.client.lines.Next()
		if !ok {
			return
		}
		s.said = &said{from: Client, text: slices.Clone(l.Text)}
		s.saidNothing()
		reply, choice, quit := s.proxy.Line(l)
		switch {
		case choice != nil:
			s.choose(*choice)
		case quit:
			s.send(Client, reply)
			s.close("the client left before it had named a server")
		default:
			s.send(Client, reply)
		}
	}
}

// choose connects to the server that the client has named.
func (s *session) choose(c ftpinspect.Choice) {
	s.proxy, s.choice, s.target, s.early = nil, c, c.Target, len(c.User)
	s.t.observe(TargetChosen{Session: s.id, Target: c.Target})
	s.wg.Go(s.dialServer)
}
