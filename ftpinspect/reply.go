package ftpinspect

import "fmt"

// ReplyCode reads the code that a line begins with: three digits, the first of
// them 1 to 6, not followed by a fourth. more is set for the first line of a
// multi-line reply (RFC 959, section 4.2).
func ReplyCode(line []byte) (code int, more bool) {
	if len(line) < 3 || line[0] < '1' || line[0] > '6' || !isDigit(line[1]) || !isDigit(line[2]) {
		return 0, false
	}
	if len(line) > 3 && isDigit(line[3]) {
		return 0, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	return code, len(line) > 3 && line[3] == '-'
}

// EndsReply reports whether a line is the last one of a multi-line reply with
// this code: the code and a blank, or the code alone. A line with another code,
// or with a hyphen, is an inner one, however much it looks like a reply.
func EndsReply(line []byte, code int) bool {
	c, more := ReplyCode(line)
	return c == code && !more && (len(line) == 3 || line[3] == ' ')
}

// replyText is a reply line without its code and the byte behind it.
func replyText(line []byte) []byte {
	if c, _ := ReplyCode(line); c == 0 {
		return line
	}
	if len(line) <= 4 {
		return nil
	}
	return line[4:]
}

func class(code int) int { return code / 100 }

// refuses reports whether a code is that of a negative reply.
func refuses(code int) bool { return class(code) == 4 || class(code) == 5 }

// Replies of our own.
var (
	replyLineTooLong = []byte("500 Line too long.")
	replyNoTLS       = []byte("502 AUTH not available through this tunnel.")
	replyGarbled     = []byte("500 Command not understood.")
	replyNotHere     = []byte("502 Command not available through this tunnel.")
	replyEPSVAll     = []byte("503 EPSV ALL was accepted, use EPSV.")
	replyPASVOverV6  = []byte("425 PASV cannot name an IPv6 address, use EPSV.")
	replyPASVNowhere = []byte("425 PASV would have to name an address that is not known here, use EPSV.")
	replyBadPort     = []byte("501 Cannot read this address.")
	replyLowPort     = []byte("501 Ports below 1024 are refused.")
	replyForeign     = []byte("501 Only the address of this control connection is permitted.")
	replyProtocol    = []byte("522 Network protocol not supported, use (1,2).")
)

func replyNoted(verb string) []byte { return []byte("200 " + verb + " command successful.") }

func replyNoData(reason string) []byte {
	return fmt.Appendf(nil, "425 Can't open data connection: %s.", Printable(reason))
}

func replyCut(reason string, bytes int64) []byte {
	return fmt.Appendf(nil, "426 Transfer aborted after %d bytes: %s.", bytes, Printable(reason))
}

func replyGone(reason string) []byte {
	return fmt.Appendf(nil, "421 Service not available: %s.", Printable(reason))
}

// Printable makes a reason fit for one reply line: no control bytes, no end.
func Printable(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' || c == 0x7f || c == 0xff {
			b[i] = ' '
		}
	}
	if len(b) > 300 {
		b = b[:300]
	}
	for len(b) > 0 && (b[len(b)-1] == '.' || b[len(b)-1] == ' ') {
		b = b[:len(b)-1]
	}
	return string(b)
}
