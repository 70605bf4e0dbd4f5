package testenv

import (
	"context"
	"slices"
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

// Clone returns a copy that shares nothing.
func (c SSHCounts) Clone() SSHCounts {
	c.Users, c.Methods = slices.Clone(c.Users), slices.Clone(c.Methods)
	c.Targets, c.Binds = slices.Clone(c.Targets), slices.Clone(c.Binds)
	c.Executed = slices.Clone(c.Executed)
	return c
}

// Counts returns a copy of what the server has been asked.
func (s *SSHServer) Counts() SSHCounts { return s.counts.get() }

// Await returns when the counts fulfil cond, or the error of ctx.
func (s *SSHServer) Await(ctx context.Context, cond func(SSHCounts) bool) error {
	return s.counts.await(ctx, cond)
}
