package testenv

import (
	"context"
	"slices"
	"sync"
)

// SSHCounts is what an [SSHServer] has been asked so far.
type SSHCounts struct {
	Connections int // TCP connections accepted
	Logins      int // of them, authenticated
	Failed      int // of them, ended before authentication
	Keepalives  int // keepalive@openssh.com

	Direct           int // direct-tcpip asked for
	DirectRefused    int // of them, prohibited
	Forward          int // tcpip-forward asked for
	ForwardRefused   int // of them, denied
	Cancelled        int // forwards cancelled
	Forwarded        int // forwarded-tcpip offered to a client
	ForwardedRefused int // of them, that the client did not take
	Sessions         int // session channels asked for

	// The latest of each, at most 4,096, oldest first.
	Users    []string // who logged in
	Methods  []string // authentication attempts in order, "method" or "method failed"
	Targets  []string // host:port of each direct-tcpip
	Binds    []string // host of each tcpip-forward
	Executed []string // commands of exec, "" for a shell
}

// keep appends to a list of the latest so that it stays bounded.
func keep(list *[]string, s string) {
	const most = 4096
	if len(*list) == most {
		*list = append((*list)[:0], (*list)[most/2:]...)
	}
	*list = append(*list, s)
}

// sshCounters guards the counts and wakes who waits for them.
type sshCounters struct {
	mu      sync.Mutex
	counts  SSHCounts     // guarded by mu
	changed chan struct{} // closed and replaced at a change; guarded by mu
}

func (s *sshCounters) add(f func(*SSHCounts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.counts)
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

func (s *sshCounters) snapshot() (SSHCounts, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	c := s.counts
	c.Users, c.Methods = slices.Clone(c.Users), slices.Clone(c.Methods)
	c.Targets, c.Binds = slices.Clone(c.Targets), slices.Clone(c.Binds)
	c.Executed = slices.Clone(c.Executed)
	return c, s.changed
}

// Counts returns a copy of what the server has been asked.
func (s *SSHServer) Counts() SSHCounts {
	c, _ := s.counts.snapshot()
	return c
}

// Await returns when the counts fulfil cond, or the error of ctx.
func (s *SSHServer) Await(ctx context.Context, cond func(SSHCounts) bool) error {
	for {
		c, changed := s.counts.snapshot()
		if cond(c) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
