package ftpinspect

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// sizes is what the dialogue has told of how many bytes a transfer will carry.
// It is for the record only: files change, and in type A more may pass.
type sizes struct {
	files     map[string]int64 // by path, from the replies to SIZE (RFC 3659, section 4)
	restart   int64            // where the next transfer begins, from REST
	allocated int64            // what the next upload will have, from ALLO; 0 if unknown
}

// maxSizes bounds the files whose size is kept.
const maxSizes = 32

// noteSize keeps what a reply, to a command that was accepted, tells of sizes.
func (s *Session) noteSize(c *command, r *reply) {
	switch {
	case c.is("SIZE") && r.code == 213:
		s.sizes.keep(InDirectory(s.directory, c.arg), number(r.first[3:]))
	case c.is("REST") && r.code == 350:
		s.sizes.restart = number([]byte(c.arg))
	case c.is("ALLO") && class(r.code) == 2:
		first, _, _ := strings.Cut(c.arg, " ") // a record's size may follow
		s.sizes.allocated = number([]byte(first))
	case c.transfer != nil:
		s.sizes.restart, s.sizes.allocated = 0, 0
	}
}

func (z *sizes) keep(name string, size int64) {
	if z.files == nil || len(z.files) >= maxSizes {
		z.files = map[string]int64{}
	}
	z.files[name] = size
}

// number reads a number of bytes, 0 if it is none.
func number(text []byte) int64 {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// size is how many bytes a transfer will carry, 0 if nobody has told.
func (s *Session) size(t *transfer) int64 {
	z := &s.sizes
	told := z.files[InDirectory(t.Directory, t.Path)]
	switch {
	case t.Direction == Upload && t.Verb != "APPE" && z.restart == 0:
		return z.allocated
	case t.Verb != "RETR":
		return 0
	case z.restart == 0 && t.announced > 0 && !t.remaining, told == 0 && t.remaining:
		return t.announced
	}
	// What a 150 tells of a restarted transfer is the whole file with vsftpd
	// 3.0.3 and inetutils-ftpd 2.4, and what is left of it with ProFTPD 1.3.8.
	return max(0, told-z.restart)
}

// A 1yz names the size in brackets, behind the file's name. Pure-FTPd 1.0.50
// says "293.0 kbytes to download", without what was skipped and rounded; that is
// taken for the most that it can mean.
var (
	announcedRE = regexp.MustCompile(`(?i)\(\s*(\d+|\d{1,3}(?:[,.']\d{3})+) ?bytes?\)`)
	remainingRE = regexp.MustCompile(`^\d{3}[- ](\d{1,12}\.\d) kbytes to download`)
)

// announces notes the size that a line of a transfer's 1yz tells.
func (t *transfer) announces(line []byte) {
	if m := remainingRE.FindSubmatch(line); m != nil {
		hundredths := number(bytes.Map(digit, m[1]))*10 + 5
		t.announced, t.remaining = (hundredths*1024+99)/100, true
		return
	}
	all := announcedRE.FindAllSubmatch(line, -1)
	if len(all) > 0 && !t.remaining {
		t.announced = number(bytes.Map(digit, all[len(all)-1][1]))
	}
}

func digit(r rune) rune {
	if '0' <= r && r <= '9' {
		return r
	}
	return -1
}
