package ftpinspect

import "net/netip"

// An Effect is something that the caller of a [Session] must do. Effects are
// carried out in the order in which they were returned.
type Effect interface{ effect() }

// ToClient is a complete line for the client, CRLF included, to be written in
// one write.
type ToClient []byte

// ToServer is a complete line for the server, CRLF included, to be written in
// one write. Some servers take one read for one command.
type ToServer []byte

// Expect asks the caller to make a data connection possible: to open the
// listener of each end that listens and, if DialFirst, to dial the server.
// The caller answers exactly once, with [Session.Met] or [Session.Unmet].
type Expect struct {
	ID     ID
	Client End
	Server End

	// DialFirst asks for the dial of the server's end to have succeeded
	// before Met, so that a refusal can still be answered. Otherwise the
	// caller dials beside the reply and reports a failure with DialFailed.
	DialFirst bool

	// ClientWaits says that the client's end is to be dialled when the caller
	// receives [DialClient] for this ID, and not as soon as the server's end
	// is connected. It is set when both ends are dialled (bridge from an
	// active client to a passive server): a transfer that the server refuses
	// then never costs the client its listener.
	ClientWaits bool
}

// DialAhead asks for the server's end of an expectation to be dialled although
// there is no expectation yet. It comes as an [Expect] with the same ID and the
// same Server, which takes the connection over, or not at all: then Forget gives
// the connection up. There is one at a time. A dial that fails before the Expect
// is reported with [Session.DialFailed], one that succeeds is not; a caller that
// has no room for it may leave it undone and dial when the Expect comes.
type DialAhead struct {
	ID     ID
	Server End // never listens
}

// ID names an expectation within its session. IDs start at 1.
type ID int

// An End is one of the two ends of a data connection: we listen for the peer
// or we dial it.
type End struct {
	Listen bool

	// Host is the host to dial, or the address to listen on. Empty means the
	// control connection's: the host that it was dialled to, or the local
	// address on which it was accepted.
	Host string

	// Port is the port to dial, 1024 or above; 0 where Listen is true.
	Port uint16
}

// Forget ends an expectation, or one that a DialAhead was for: its listeners are
// closed and a connection on which no transfer was begun is reset. One that is
// in use is left alone.
type Forget struct{ ID ID }

// DialClient asks for the client's end of an expectation with ClientWaits to
// be dialled now: the server has begun the transfer.
type DialClient struct{ ID ID }

// Shut asks for an end of file on the server's end of an expectation, as soon
// as that is connected: the client will send nothing on it.
type Shut struct{ ID ID }

// KeepListing asks for a copy of what the server sends on an expectation for the
// next transfer, a listing: at most [MaxListing] bytes from its begin on, to be
// given in the [Outcome]. A caller may leave it undone.
type KeepListing struct{ ID ID }

// MaxListing is how many bytes are kept of a listing.
const MaxListing = 1 << 20

// Begin says that a transfer was begun: the server has answered the transfer
// command with a preliminary reply, or with its completion alone. ID is the
// expectation that its data connection belongs to, 0 if there is none. On an
// active server's expectation one further connection may arrive for every
// Begin (ProFTPD 1.3.8 dials the same PORT address again). Size is how many
// bytes it will carry, as the server or the client has told; 0 if neither has.
type Begin struct {
	ID       ID
	Transfer Transfer
	Size     int64
}

// Complete says that a transfer's last reply has gone to the client. Reply is
// its first line without the line ending, as the client got it. It is a 1yz
// where the server has ended the transfer without another (Pure-FTPd 1.0.50, if
// the client closes its data connection early).
type Complete struct {
	ID       ID
	Transfer Transfer
	Code     int
	Reply    string
}

// Watch says that the server has called the transfer complete, or has ended its
// control connection, while the data has not ended: from now on a server's end
// that is silent while we wait for it (60 s) is broken off with a reset. It
// concerns the connection that was joined last.
type Watch struct{ ID ID }

// StartTimer asks for [Session.Expired] to be called with T after the time
// that the caller allots to T.Kind. Timers are never cancelled: a late one is
// ignored.
type StartTimer struct{ T Timer }

// Timer is a moment that a session waits for.
type Timer struct {
	Kind TimerKind
	seq  int
}

// TimerKind says what a timer is for. The durations are the caller's.
type TimerKind int

const (
	// TimerData: a transfer was called complete and its data connection is
	// still to come (10 s).
	TimerData TimerKind = iota
	// TimerReply: the server's end of the data connection failed and the
	// server owes the reply to the transfer command (5 s).
	TimerReply
	// TimerIdle: a command or an answer of our own waits for the server to
	// answer what the client sent before (10 s).
	TimerIdle
	// TimerPause: a request that can be answered already may not be answered
	// at once (3 ms).
	TimerPause
)

// Close ends the session after what was returned before it has been written:
// no further line can be understood or is worth carrying.
type Close struct{ Reason string }

// EndServer says that the client has ended its control connection and that all
// its lines have been forwarded: the server's gets an end of file, too.
type EndServer struct{}

// LoggedIn says that the server has accepted the login (230, 232).
type LoggedIn struct{}

// Opaque says that the session is encrypted from here on (234 to AUTH, in
// [TLSPass]): bytes are to be copied both ways and no line be given to the
// Session any more.
type Opaque struct{}

// Note is something that the user may want to know, of a kind that the caller
// can word. Each kind is noted once a session.
type Note struct {
	Kind   NoteKind
	Detail string // from the wire: escape before printing
}

// NoteKind says what a Note is about.
type NoteKind int

const (
	NoteTLSRefused   NoteKind = iota // AUTH was answered 502
	NoteTLSRequired                  // the server demands TLS
	NoteTLSPassed                    // the server has accepted AUTH: nothing can be read any more
	NoteDataHost                     // a 227 named another host than the control connection's
	NoteForeignPort                  // a PORT or EPRT named another host than the client's
	NoteLowPort                      // a port below 1024 was announced
	NoteBridged                      // client and server use different modes
	NoteNotFTP                       // what greeted is not FTP
	NoteNotClient                    // an HTTP request line instead of an FTP command
	NoteLongLine                     // a command line over 4,096 bytes
	NoteBadBytes                     // NUL or bare CR was dropped from a command
	NoteUnsolicited                  // a free-standing 227, 228 or 229 was dropped
	NoteUnparsable                   // an address that could not be read was refused
	NoteExtraNumbers                 // a 227 with more than six numbers
	NoteTLSClient                    // a TLS handshake instead of an FTP command: FTPS
	NoteNoActive                     // active mode was wanted, and there is no address for it
)

// Transfer is a transfer command and its argument.
type Transfer struct {
	Verb      string // RETR, STOR, LIST, …
	Path      string // its argument, raw
	Directory string // where the client had changed to, from the login's folder unless absolute; raw
	Direction Direction
}

// Direction says which way a transfer's bytes go.
type Direction int

const (
	Download Direction = iota // from the server: RETR, LIST, NLST, MLSD
	Upload                    // to the server: STOR, STOU, APPE
)

// Listeners holds the addresses of the listeners of an expectation. An end
// that dials has the zero value.
type Listeners struct {
	Client netip.AddrPort
	Server netip.AddrPort
}

// Side is one of the two sides of a session.
type Side int

const (
	ClientSide Side = iota
	ServerSide
)

// Outcome is how a data connection ended.
type Outcome struct {
	// Broken is nil if the sender's end of file was passed on, or the
	// receiver closed its end by itself.
	Broken error
	// Bytes is what was passed on in the direction of the transfer.
	Bytes int64
	// Listing is the copy that KeepListing has asked for.
	Listing []byte
}

func (ToClient) effect()    {}
func (ToServer) effect()    {}
func (Expect) effect()      {}
func (DialAhead) effect()   {}
func (Forget) effect()      {}
func (DialClient) effect()  {}
func (Shut) effect()        {}
func (KeepListing) effect() {}
func (Begin) effect()       {}
func (Complete) effect()    {}
func (Watch) effect()       {}
func (StartTimer) effect()  {}
func (Close) effect()       {}
func (EndServer) effect()   {}
func (LoggedIn) effect()    {}
func (Opaque) effect()      {}
func (Note) effect()        {}
