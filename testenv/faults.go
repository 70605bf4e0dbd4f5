package testenv

import (
	"net/netip"
	"time"
)

// Faults is how an [FTPServer] misbehaves. The zero value is a good server.
// The maps' keys are commands in capitals; the server reads the maps and they
// are not to be changed any more.
//
// Replies are given as "code text", several lines separated by "\n"; each is
// sent with CRLF. A text that itself ends in "\n" is sent byte for byte.
type Faults struct {
	Greeting string                   // instead of the 220
	Silent   bool                     // sessions get no greeting and no reply
	Replies  map[string]string        // answered so and not executed; "" is swallowed without a reply
	Before   map[string]string        // said ahead of the command's own reply
	Postpone map[string]bool          // the reply comes after the next command's reply
	Delay    map[string]time.Duration // before the command is executed; "" is the greeting, "*" any
	During   During                   // what becomes of commands during a transfer
	RawNames bool                     // CR and LF in file names are sent as they are

	// Hook, if not nil, sees every command line first. If it returns true it
	// has answered by say, and the command is not executed. It is called from
	// the sessions' goroutines.
	Hook func(line string, say func(reply string)) bool

	// PassiveText and ExtendedText replace the 227 and the 229. In them {h}
	// is the address and {p} the port as comma-separated numbers, {addr} and
	// {port} are both in plain, {p1} and {p2} the port's two bytes.
	PassiveText, ExtendedText string
	Masquerade                netip.Addr // the address in the 227, as a NAT's
	DeadPort                  bool       // nothing listens at the announced port

	EarlyDial bool // an active connection is made at PORT, before its 200
	NeverDial bool // an active transfer says 150 and never connects
	KeepPort  bool // a PORT serves several transfers, as ProFTPD's
	Foreign   bool // data connections with any host, not only the peer
	Linger    bool // 226 only after the client closed its data connection, 10 s at most

	EarlyReply      bool          // 226 before the first byte
	LateReply       time.Duration // 226 so long after the last
	LonePreliminary bool          // a 150 and no final reply
	NoPreliminary   bool          // a final reply without 150
	TakesResets     bool          // an upload that is reset is 226, as pyftpdlib's

	Rate     int64  // bytes a second of each data connection
	CutAfter int64  // bytes after which a transfer is cut; 0 never
	Cut      Cut    // how
	CutReply string // instead of 426; "" with CutVanish
}

// During is what becomes of commands that arrive during a transfer.
type During int

const (
	Queue    During = iota // ABOR and STAT act at once, others wait
	QueueAll               // ABOR and STAT wait too, as vsftpd's
	Answer                 // all but transfers act at once, as pyftpdlib's
	Swallow                // but for ABOR, one 500 and nothing more, as Pure-FTPd's
)

// Cut is how a transfer is cut.
type Cut int

const (
	CutReset  Cut = iota // the data connection is reset
	CutFIN               // the data connection ends as if the file did
	CutStall             // the data connection stands still and stays open
	CutVanish            // data and control connection are reset without a word
)
