package sshconn

import (
	"fmt"
	"io"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// agentConn is a connection to the agent.
type agentConn struct {
	io.Closer
	agent agent.ExtendedAgent
}

// openAgent connects to the agent that the configuration names.
func openAgent(path string) (*agentConn, error) {
	c, err := dialAgent(path)
	if err != nil {
		return nil, err
	}
	return &agentConn{c, agent.NewClient(c)}, nil
}

// agentIdentities lists the agent's keys. An agent that does not answer is
// passed over.
func (l *login) agentIdentities() []*identity {
	if l.cfg.IdentityAgent == "" {
		return nil
	}
	a, err := openAgent(l.cfg.IdentityAgent)
	if err != nil {
		l.passed = append(l.passed, "agent: "+err.Error())
		return nil
	}
	l.agent.Store(a)
	signers, err := a.agent.Signers()
	if err != nil {
		l.passed = append(l.passed, "agent: "+err.Error())
		return nil
	}
	var ids []*identity
	for _, s := range signers {
		pub := s.PublicKey()
		id := &identity{name: "agent key", pub: pub, agent: s}
		if k, ok := pub.(*agent.Key); ok {
			id.name = k.Comment
			if parsed, err := ssh.ParsePublicKey(k.Blob); err == nil {
				id.pub = parsed
			}
		}
		ids = append(ids, id)
	}
	return ids
}

// addToAgent hands a key that was read from a file to the agent, where
// AddKeysToAgent asks for it. It fails silently, as in ssh: the login goes on.
func (l *login) addToAgent(file string, raw any) {
	mode := l.cfg.AddKeysToAgent
	a := l.agent.Load()
	if mode == "" || mode == "no" || a == nil {
		return
	}
	if mode == "ask" {
		answer, err := l.ask.line(l.ctx, fmt.Sprintf("Add key %s to agent (yes/no)? ", file))
		if err != nil || answer != "yes" {
			return
		}
	}
	key := agent.AddedKey{
		PrivateKey: raw, Comment: file, ConfirmBeforeUse: mode == "confirm",
		LifetimeSecs: uint32(l.cfg.AddKeysLifetime.Seconds()),
	}
	if err := a.agent.Add(key); err != nil {
		l.notify(Event{Kind: Warning, Host: l.cfg.Alias, File: file, Text: "cannot be added to the agent", Err: err})
	}
}
