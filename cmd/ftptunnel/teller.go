package main

import (
	"fmt"
	"log/slog"
	"sync"

	"ftptunnel/tunnel"
)

// teller words the events of one forward's tunnel.
type teller struct {
	*program
	forward forward

	mu     sync.Mutex        // guards chosen
	chosen map[uint64]string // the targets of a proxy's sessions
}

// observer returns what a forward's tunnel reports its events to. It is called
// from the sessions' goroutines.
func (p *program) observer(f forward) func(tunnel.Event) {
	t := &teller{program: p, forward: f, chosen: map[uint64]string{}}
	return func(e tunnel.Event) {
		if p.observe != nil {
			p.observe(e)
		}
		p.tally.count(e)
		p.progress.note(e)
		if ended, ok := e.(tunnel.TransferEnded); ok {
			p.recordTransfer(ended)
		}
		t.tell(e)
	}
}

// say writes one event of a session, 0 if it belongs to none.
func (t *teller) say(level slog.Level, event string, session uint64, text string, fields ...any) {
	tag, target := "", t.target(session)
	name := target
	if name == "" {
		name = "proxy"
	}
	several := len(t.forwards) > 1 || t.forward.kind == proxyForward
	switch {
	case several && session > 0:
		tag = fmt.Sprintf("[%s %d] ", name, session)
	case several:
		tag = fmt.Sprintf("[%s] ", name)
	case session > 0:
		tag = fmt.Sprintf("[%d] ", session)
	}
	t.log.log(level, event, tag+text, append([]any{"target", target, "session", session}, fields...)...)
}

// choose notes which server the client of a proxy has named.
func (t *teller) choose(e tunnel.TargetChosen) {
	t.mu.Lock()
	t.chosen[e.Session] = e.Target
	t.mu.Unlock()
	t.say(levelInfo, "target_chosen", e.Session, "the client has named "+e.Target)
}

func (t *teller) forget(session uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.chosen, session)
}

// target returns the FTP server of a session, "" while a proxy's client has
// not named it.
func (t *teller) target(session uint64) string {
	if t.forward.kind != proxyForward {
		return t.forward.target()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.chosen[session]
}

// gateway names who connects to the FTP server.
func (t *teller) gateway() string {
	if t.forward.kind == remoteForward {
		return "this machine"
	}
	return t.destination
}
