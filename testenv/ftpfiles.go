package testenv

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// abs is the path that an argument names.
func (s *ftpSession) abs(arg string) string {
	if !strings.HasPrefix(arg, "/") {
		arg = s.cwd + "/" + arg
	}
	return clean(arg)
}

// said replies good, or what err means.
func (s *ftpSession) said(err error, good string) {
	switch {
	case err == nil:
		s.say(good)
	case errors.Is(err, fs.ErrNotExist):
		s.say("550 No such file or directory.")
	case errors.Is(err, fs.ErrExist):
		s.say("550 File exists.")
	default:
		s.say("550 Operation failed.")
	}
}

func (s *ftpSession) doPwd(string) {
	name := strings.ReplaceAll(s.shown(s.cwd), `"`, `""`)
	s.say(`257 "` + name + `" is the current directory`)
}

// shown is a name as it goes on the wire: without line ends, unless that is
// what was ordered.
func (s *ftpSession) shown(name string) string {
	if s.server.currentFaults().RawNames {
		return name
	}
	return strings.NewReplacer("\r", "?", "\n", "?").Replace(name)
}

func (s *ftpSession) doCwd(arg string) {
	p := s.abs(arg)
	e, err := s.server.files.stat(p)
	if err == nil && !e.dir {
		err = fs.ErrNotExist
	}
	if err == nil {
		s.cwd = p
	}
	s.said(err, "250 Directory successfully changed.")
}

func (s *ftpSession) doMkd(arg string) {
	p := s.abs(arg)
	name := strings.ReplaceAll(s.shown(p), `"`, `""`)
	s.said(s.server.files.mkdir(p), `257 "`+name+`" created`)
}

func (s *ftpSession) doRmd(arg string) {
	s.said(s.server.files.remove(s.abs(arg), true), "250 Remove directory operation successful.")
}

func (s *ftpSession) doDele(arg string) {
	s.said(s.server.files.remove(s.abs(arg), false), "250 Delete operation successful.")
}

func (s *ftpSession) doRnfr(arg string) {
	p := s.abs(arg)
	_, err := s.server.files.stat(p)
	if err == nil {
		s.rename = p
	}
	s.said(err, "350 Ready for RNTO.")
}

func (s *ftpSession) doRnto(arg string) {
	if s.rename == "" {
		s.say("503 RNFR required first.")
		return
	}
	from := s.rename
	s.rename = ""
	s.said(s.server.files.rename(from, s.abs(arg)), "250 Rename successful.")
}

func (s *ftpSession) doSize(arg string) {
	e, err := s.server.files.stat(s.abs(arg))
	switch {
	case err == nil && e.dir:
		s.say("550 Not a plain file.")
	case err == nil && s.ascii:
		s.say("550 SIZE is not allowed in ASCII mode.")
	default:
		s.said(err, fmt.Sprintf("213 %d", e.size))
	}
}

// stamp is the time of RFC 3659, section 2.3.
const stamp = "20060102150405"

func (s *ftpSession) doMdtm(arg string) {
	e, err := s.server.files.stat(s.abs(arg))
	s.said(err, "213 "+e.mod.UTC().Format(stamp))
}

func (s *ftpSession) doMfmt(arg string) {
	when, name, _ := strings.Cut(arg, " ")
	t, err := time.Parse(stamp, when)
	if err != nil || name == "" {
		s.say("501 MFMT needs a time and a name.")
		return
	}
	s.said(s.server.files.chtime(s.abs(name), t), "213 Modify="+when+"; "+name)
}

func (s *ftpSession) doRest(arg string) {
	n, err := strconv.ParseInt(arg, 10, 64)
	if err != nil || n < 0 {
		s.say("501 REST needs a position.")
		return
	}
	s.rest = n
	s.say(fmt.Sprintf("350 Restart position accepted (%d).", n))
}

func (s *ftpSession) doRetr(arg string) {
	if !s.announced() {
		return
	}
	p := s.abs(arg)
	e, err := s.server.files.stat(p)
	if err != nil {
		s.said(err, "")
		return
	}
	from, err := s.server.files.open(p, s.rest)
	if err != nil {
		s.said(err, "")
		return
	}
	mode := "BINARY"
	if s.ascii {
		mode = "ASCII"
	}
	begin := fmt.Sprintf("150 Opening %s mode data connection for %s (%d bytes).", mode, s.shown(arg), e.size)
	s.transfer(&transfer{from: from, ascii: s.ascii, begin: begin})
}

func (s *ftpSession) doStor(arg string) { s.store(arg, s.rest, "150 Ok to send data.") }
func (s *ftpSession) doAppe(arg string) { s.store(arg, atEnd, "150 Ok to send data.") }

// doStou makes a name that is not taken (RFC 1123, section 4.1.2.9).
func (s *ftpSession) doStou(arg string) {
	if arg == "" {
		arg = "ftp"
	}
	name := arg
	for i := 1; ; i++ {
		if _, err := s.server.files.stat(s.abs(name)); err != nil {
			break
		}
		name = fmt.Sprintf("%s.%d", arg, i)
	}
	s.store(name, 0, "150 FILE: "+name)
}

func (s *ftpSession) store(arg string, offset int64, begin string) {
	if !s.announced() {
		return
	}
	to, err := s.server.files.create(s.abs(arg), offset)
	if err != nil {
		s.said(err, "")
		return
	}
	s.transfer(&transfer{to: to, ascii: s.ascii, begin: begin})
}
