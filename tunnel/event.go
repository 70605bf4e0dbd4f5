package tunnel

import (
	"net"
	"time"

	"ftptunnel/ftpinspect"
)

// Event is something that happened: one of the structs of this file. Texts
// from the wire are raw: escape them before printing.
type Event interface{ event() }

// Peer is one of the two programs that a session joins.
type Peer int

// The peers of a session.
const (
	Client Peer = iota
	Server
)

func (p Peer) String() string {
	if p == Client {
		return "client"
	}
	return "server"
}

// other is the peer at the other end.
func (p Peer) other() Peer { return 1 - p }

// SessionStarted says that a client has connected. Sessions are numbered from
// 1 within a Tunnel.
type SessionStarted struct {
	Session uint64
	Peer    net.Addr // the client
	Local   net.Addr // where it was accepted
}

// TargetChosen says which server, host:port, the client of a proxy has named.
// The session's events after it are about that one.
type TargetChosen struct {
	Session uint64
	Target  string
}

// SessionEnded is a session's last event.
type SessionEnded struct {
	Session uint64
	Elapsed time.Duration
	Reason  string // why it ended, for people
	Err     error  // what failed, nil if nothing did
}

// Dialogue is a line of the control connection. Before is what From sent and
// After what was sent on in its stead at once; either is empty if there is
// none: a line that waits or is consumed has no After yet, and one that had to
// wait or is our own has no Before. Secrets are replaced by ****.
type Dialogue struct {
	Session       uint64
	From          Peer
	Before, After string
}

// Mode says who listens for a data connection.
type Mode string

// The modes of RFC 959. The empty Mode stands for none.
const (
	Passive Mode = "passive" // the server, or for the client what it takes for one
	Active  Mode = "active"  // the client
)

// TransferStarted says that the server has begun a transfer.
type TransferStarted struct {
	Session                uint64
	Target                 string // the FTP server, host:port
	Path                   string // the command's argument, raw
	Verb                   string
	Direction              ftpinspect.Direction
	Size                   int64 // bytes, as Running has it
	ClientMode, ServerMode Mode
}

// TransferEnded follows every TransferStarted.
type TransferEnded struct {
	Session                uint64
	Target                 string
	Directory              string // as ftpinspect.Transfer has it
	Path                   string
	Verb                   string
	Direction              ftpinspect.Direction
	Bytes                  int64
	Digest                 []byte // of those bytes, if Tunnel.Hash is set
	Elapsed                time.Duration
	ClientMode, ServerMode Mode
	Code                   int    // of the last reply that the client got, 0 if none
	Reply                  string // its first line
	Aborted                bool   // by the client
	Err                    error  // what cut it, nil if nothing did
}

// Note is something that the inspector thinks the user may want to know.
type Note struct {
	Session uint64
	ftpinspect.Note
}

// Refused says that somebody was turned away. Session is 0 if it wanted to be
// one.
type Refused struct {
	Session uint64
	Peer    net.Addr
	Why     Refusal
}

// Refusal says why somebody was turned away.
type Refusal int

// The refusals.
const (
	TooManySessions Refusal = iota // Limits.Sessions or PerPeer
	TooFast                        // Limits.Rate
	ForeignAddress                 // not the address that the data connection is for
	ForeignUser                    // not the user of the control connection, or of this process
	UnknownUser                    // a local socket without an owner
	RacedForPort                   // a second one where one connection was expected: all were reset
)

func (r Refusal) String() string {
	return [...]string{
		"too many connections", "too many connections in a short time", "another address", "another user",
		"no owner to be found", "two came where one was expected",
	}[r]
}

// Unreachable says that the FTP server of a session could not be dialled.
type Unreachable struct {
	Session uint64
	Target  string
	Err     error
}

// DataFailed says that one end of a data connection could not be made.
type DataFailed struct {
	Session uint64
	End     Peer   // whose end
	Listen  bool   // we were to listen for it, not to dial it
	Address string // where
	Err     error
}

func (SessionStarted) event()  {}
func (TargetChosen) event()    {}
func (SessionEnded) event()    {}
func (Dialogue) event()        {}
func (TransferStarted) event() {}
func (TransferEnded) event()   {}
func (Note) event()            {}
func (Refused) event()         {}
func (Unreachable) event()     {}
func (DataFailed) event()      {}
