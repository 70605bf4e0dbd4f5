package tunnel

import (
	"errors"
	"fmt"
	"io"
)

// DialError says that the FTP server could not be reached.
type DialError struct {
	Target string
	Err    error
}

func (e *DialError) Error() string { return fmt.Sprintf("cannot reach %s: %v", e.Target, e.Err) }

// Unwrap returns what the side said.
func (e *DialError) Unwrap() error { return e.Err }

// NotFTPError says that what answers at the target is not an FTP server.
type NotFTPError struct {
	Target   string
	Greeting string // its first line, raw; empty if it said nothing
	Err      error  // what ended the wait for a greeting, or nil
}

func (e *NotFTPError) Error() string {
	if e.Greeting == "" {
		return fmt.Sprintf("%s sent no FTP greeting: %v", e.Target, e.Err)
	}
	return fmt.Sprintf("%s is not an FTP server: it greets with %q", e.Target, e.Greeting)
}

// ErrClosed is the Err of a [NotFTPError] whose server ended the connection
// without a word.
var ErrClosed = errors.New("it closed the connection")

// Unwrap returns what ended the wait for a greeting.
func (e *NotFTPError) Unwrap() error { return e.Err }

// BusyError says that the FTP server greeted with 421: it is one, and serves
// nobody now.
type BusyError struct {
	Target   string
	Greeting string // raw
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("%s serves nobody now: %q", e.Target, e.Greeting)
}

// Ends of data connections that are nobody's word on the wire.
var (
	errUnused      = errors.New("nobody connected to the data port in time")
	errTooManyData = errors.New("too many data connections")
	errSilent      = errors.New("the server's data connection fell silent")
	errUnread      = errors.New("the server took no more of it")
	errAborted     = errors.New("aborted by the client")
	errRaced       = errors.New("somebody else connected to the data port")
	errStopped     = errors.New("the tunnel was stopped")
	errNoComplete  = errors.New("the control connection ended before the transfer did")
)

// closedByPeer reports whether an error is one that a peer causes by closing
// its end, and not that of a lost transport.
func closedByPeer(err error) bool {
	if _, lost := errors.AsType[lostTransport](err); lost {
		return false // whatever it wraps has happened to the transport
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || isReset(err)
}
