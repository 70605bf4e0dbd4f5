package ftpinspect

// A Line is one line of the control connection as it came: without its LF and
// the CRs before it, without NUL and bare CR, without leading Telnet
// sequences.
type Line struct {
	Text []byte
	// TooLong: the line exceeded the splitter's limit; Text is its beginning.
	TooLong bool
	// Dropped: NUL or bare CR was removed from within the line.
	Dropped bool
}

// Limits on a line, in bytes without its ending.
const (
	MaxCommand = 4096  // commands; FileZilla Server has the same limit
	MaxReply   = 65536 // replies; FileZilla disconnects above
)

// Splitter cuts the bytes of a control connection into lines. The zero value
// with a Max is ready; it keeps at most Max bytes and is owned by one
// goroutine.
//
//	Push([]byte)           adds bytes as they were read
//	Next() (Line, bool)    the next complete line; its Text is the caller's
type Splitter struct {
	Max int
	buf []byte
}
