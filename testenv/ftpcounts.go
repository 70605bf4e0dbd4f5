package testenv

import (
	"context"
	"slices"
)

// FTPCounts is what an [FTPServer] has done so far.
type FTPCounts struct {
	Sessions  int   // control connections accepted
	Open      int   // of them, not ended yet
	Logins    int   // successful PASS
	Data      int   // data connections
	Transfers int   // transfers begun, listings included
	Completed int   // of them, to the end
	Sent      int64 // bytes, by data connections
	Received  int64 // bytes, by data connections

	// Commands are the latest command lines, at most 4,096, oldest first, of
	// all sessions. What follows PASS or ACCT is masked.
	Commands []string
}

// Clone returns a copy that shares nothing.
func (c FTPCounts) Clone() FTPCounts {
	c.Commands = slices.Clone(c.Commands)
	return c
}

// Counts returns a copy of what the server has done.
func (s *FTPServer) Counts() FTPCounts { return s.counts.get() }

// Await returns when the counts fulfil cond, or the error of ctx.
func (s *FTPServer) Await(ctx context.Context, cond func(FTPCounts) bool) error {
	return s.counts.await(ctx, cond)
}
