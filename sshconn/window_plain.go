//go:build ftptunnel_nowindow

package sshconn

import "golang.org/x/crypto/ssh"

// rawChannel is a channel with x/crypto's own, constant window.
type rawChannel struct{ ssh.Channel }

func newRawChannel(ch ssh.Channel) *rawChannel   { return &rawChannel{ch} }
func (r *rawChannel) controls() bool             { return false }
func (r *rawChannel) read(p []byte) (int, error) { return r.Channel.Read(p) }
func (r *rawChannel) adjust(int) error           { return nil }
