package ftpinspect

import "net/netip"

// Config is what a Session must be told. The zero value of each policy is the
// safe one.
type Config struct {
	// Local is the address on which the client's control connection was
	// accepted. Its family decides whether PASV can be answered; if it is not
	// known, or unspecified, PASV cannot, and clients are told to use EPSV.
	Local netip.Addr

	// Peer is the client's address. A PORT or EPRT must name it.
	Peer netip.Addr

	// TargetHost is the FTP server's host as the server side resolves it. A
	// HOST command (RFC 7151) that names Local is rewritten to it.
	TargetHost string

	// User is the USER command of a client that has named its server to a
	// [Proxy]. The server gets it when it has greeted; the client, which was
	// greeted before, gets the reply. Empty without a Proxy.
	User string

	// UserTarget is the server, host:port, if that USER has named it itself
	// (Choice.InUser). A later USER is freed of the name, too, and ends the
	// session if it names another server.
	UserTarget string

	// Mode says how data connections are made on the server side.
	Mode ServerMode

	// ActiveHost is where the server side is asked to listen for an active
	// server, and ActiveAddrs are the addresses that it reaches such a
	// listener at, in the order of preference, at most one of each family.
	// Without addresses active mode cannot work and is not tried.
	ActiveHost  string
	ActiveAddrs []netip.Addr

	// Far says that the server is a long way off. ModeAuto then has it listen
	// for an active client, too: where it dials, its data must wait for our
	// answer to the connection, one round trip in every transfer. And but for
	// ModeClient the server is asked ahead about the files in a listing that the
	// client goes through with MDTM or SIZE (see facts).
	Far bool

	// ReplyHost obeys the address in a 227 (--data-host=reply). Otherwise
	// data is dialled at the host of the control connection.
	ReplyHost bool

	// Prefetch asks the server for the next passive address before the client
	// does, once one was used (see ahead), and about files as if it were Far. A
	// client that has used an address and then sends a transfer command without
	// having asked gets a 425.
	Prefetch bool

	// FXP permits a PORT or EPRT that names a third host.
	FXP bool

	// TLS says what becomes of AUTH.
	TLS TLSMode
}

// ServerMode says how data connections are made on the server side.
type ServerMode int

const (
	// ModeAuto mirrors the client and bridges when that is refused or cannot
	// work, or takes longer (Config.Far).
	ModeAuto ServerMode = iota
	// ModeClient mirrors the client.
	ModeClient
	// ModePassive always has the server listen.
	ModePassive
	// ModeActive always has the server dial.
	ModeActive
)

// TLSMode says what becomes of AUTH.
type TLSMode int

const (
	// TLSRefuse answers AUTH with 502 and hides it in FEAT.
	TLSRefuse TLSMode = iota
	// TLSPass forwards AUTH; the session is opaque after the server's 234.
	TLSPass
)

// Knowledge is what has been learnt about a target. It is a small value: the
// caller keeps one per target, gives it to each session with
// [Session.SetKnowledge] and keeps what [Session.Knowledge] returns.
type Knowledge struct {
	works   dialects // ways to announce a data connection that have worked
	refused dialects // ways that were refused while another worked
	Dialled bool     // a data connection to the server has been dialled
}

// dialects is a set of dialect values.
type dialects uint8
