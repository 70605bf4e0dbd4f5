package sshconn

import (
	"net"
	"time"
)

// EventKind says what an [Event] is about and which of its fields count.
type EventKind int

// Kinds of events.
const (
	// Connected: a server let us in. Host, Addr, Text (its version string),
	// Method (how we logged in), Hop (set for a jump host), Elapsed.
	Connected EventKind = iota + 1
	// Banner: the server's text before the login. Host, Text.
	Banner
	// Lost: the connection ended. Host, Err.
	Lost
	// Reconnecting: a new connection is attempted. Host, Elapsed (how long it
	// was put off).
	Reconnecting
	// HostKeyAdded: a host key was recorded. Host, File, Text (type and
	// fingerprint), Err when it could not be written.
	HostKeyAdded
	// HostKeyRemoved: the server no longer has a recorded key. Host, File, Text.
	HostKeyRemoved
	// Unsupported: a directive that is set and has no effect here. Text is
	// its name.
	Unsupported
	// ExecSent: the one command was executed on the server. Host, Text, Err.
	ExecSent
	// Warning: something odd that did not stop the connection. Text, File,
	// Line.
	Warning
	// ProxyOutput: a line that the ProxyCommand wrote to its stderr. Text.
	ProxyOutput
	// AuthTried: a key or method was offered and not accepted. Host, Text.
	AuthTried
	// Reached: the way to a host is open, over TCP, the jump host before it or
	// its ProxyCommand; SSH has not been spoken yet. Host, Addr, Elapsed.
	Reached
	// HostKeyAccepted: a server showed a key that is in order. Host, Text
	// (type and fingerprint), File and Line where it is recorded; no Line for
	// one recorded just now, no File for one that is not recorded.
	HostKeyAccepted
	// Exposed: the server opens remote forwards to its whole network although
	// they are asked for on loopback (OpenSSH with GatewayPorts yes). Once a
	// connection. Host.
	Exposed
	// Listening: a [Standing] listener is back. Host, Text (its address).
	Listening
)

// Event is something that happened to a [Client]. Text from the server is as
// it came: escape it before it reaches a terminal.
type Event struct {
	Kind    EventKind
	Host    string
	Hop     bool
	Addr    net.Addr
	Text    string
	Method  string
	File    string
	Line    int
	Elapsed time.Duration
	Err     error
}
