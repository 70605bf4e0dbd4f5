package ftpinspect

import "bytes"

// A Line is one line of the control connection as it came: without its LF and
// the CRs before it, without NUL and bare CR, without leading Telnet
// sequences.
type Line struct {
	Text []byte
	// TooLong: the line exceeded the splitter's limit; Text is its beginning.
	TooLong bool
	// Dropped: NUL or bare CR was removed from within the line.
	Dropped bool
	// More: another complete line has come behind it.
	More bool
}

// Limits on a line, in bytes without its ending.
const (
	MaxCommand = 4096  // commands; FileZilla Server has the same limit
	MaxReply   = 65536 // replies; FileZilla disconnects above
)

// crs is how many CRs a line may end with beyond its limit: some peers end
// lines with CR CR LF.
const crs = 2

// Splitter cuts the bytes of a control connection into lines. The zero value
// with a Max is ready; it is owned by one goroutine. It keeps what Next has
// not yet returned: at most Max bytes of an unfinished line with two for its
// CRs, and what was pushed in one piece.
type Splitter struct {
	Max int

	buf     []byte
	tooLong bool // the unfinished line is already over Max, its rest is dropped
}

// Push adds bytes as they were read. It keeps no reference to b.
func (s *Splitter) Push(b []byte) { s.buf = append(s.buf, b...) }

// Next returns the next complete line. Its Text is the caller's to keep.
func (s *Splitter) Next() (Line, bool) {
	end := bytes.IndexByte(s.buf, '\n')
	if end < 0 {
		s.clip()
		return Line{}, false
	}
	raw := s.buf[:end]
	tooLong := s.tooLong || end > s.Max+crs
	if raw = bytes.TrimRight(raw, "\r"); len(raw) > s.Max {
		raw, tooLong = raw[:s.Max], true
	}
	l := clean(raw)
	l.TooLong = tooLong
	s.buf, s.tooLong = s.buf[end+1:], false
	l.More = bytes.IndexByte(s.buf, '\n') >= 0
	if len(s.buf) == 0 {
		s.buf = nil
	}
	return l, true
}

// Rest hands over what was pushed and is not yet a line, for a connection
// that turns opaque.
func (s *Splitter) Rest() []byte {
	rest := s.buf
	s.buf, s.tooLong = nil, false
	return rest
}

// clip forgets the tail of an unfinished line that is already too long.
func (s *Splitter) clip() {
	if n := s.Max + crs; len(s.buf) > n {
		s.buf, s.tooLong = s.buf[:n:n], true
	}
}

// clean copies a line without its trailing CRs, leading Telnet sequences, NULs
// and bare CRs. Bare CR and NUL end a line for some peers (inetutils-ftpd 2.4
// and FileZilla), so none may pass.
func clean(raw []byte) Line {
	raw = stripTelnet(bytes.TrimRight(raw, "\r"))
	text := make([]byte, 0, len(raw)+2) // room for the CRLF
	for _, c := range raw {
		if c != 0 && c != '\r' {
			text = append(text, c)
		}
	}
	return Line{Text: text, Dropped: len(text) != len(raw)}
}

// Telnet bytes, RFC 854.
const (
	telnetSE   = 0xf0
	telnetDM   = 0xf2
	telnetSB   = 0xfa
	telnetWILL = 0xfb
	telnetIAC  = 0xff
)

// stripTelnet removes Telnet sequences before a line's first byte. Within the
// line 0xff is a letter in some encodings. The sequences may be mutilated: a
// receiver without SO_OOBINLINE loses the urgent byte, and tnftp's
// "IAC IP IAC DM ABOR" then arrives as "IAC IP DM ABOR" and lftp's as
// "IAC IP IAC ABOR".
func stripTelnet(b []byte) []byte {
	seen := false
	for len(b) > 0 {
		n := telnetLen(b, seen)
		if n == 0 {
			break
		}
		seen = true
		b = b[n:]
	}
	return b
}

// telnetLen is the length of the Telnet sequence that b begins with. A lone
// data mark counts only after another sequence.
func telnetLen(b []byte, seen bool) int {
	switch {
	case b[0] == telnetDM && seen:
		return 1
	case b[0] != telnetIAC:
		return 0
	case len(b) == 1 || b[1] < telnetSE || b[1] == telnetIAC:
		return 1 // what it introduced was lost
	case b[1] == telnetSB:
		if end := bytes.Index(b, []byte{telnetIAC, telnetSE}); end >= 0 {
			return end + 2
		}
		return 2
	case b[1] >= telnetWILL:
		return min(3, len(b))
	}
	return 2
}
