package testenv

import (
	"fmt"
	"io"
	"path"
	"strings"
	"time"
)

func (s *ftpSession) doList(arg string) { s.listing(arg, true, longLine) }

func (s *ftpSession) doNlst(arg string) {
	s.listing(arg, true, func(e entry) string { return e.name })
}

func (s *ftpSession) doMlsd(arg string) {
	if e, err := s.server.files.stat(s.abs(arg)); err == nil && !e.dir {
		s.say("501 Not a directory.")
		return
	}
	s.listing(arg, false, func(e entry) string { return facts(e) + " " + e.name })
}

// listing sends what arg names, a line an entry.
func (s *ftpSession) listing(arg string, pattern bool, line func(entry) string) {
	if !s.announced() {
		return
	}
	all, err := s.entries(arg, pattern)
	if err != nil {
		s.said(err, "")
		return
	}
	var b strings.Builder
	for _, e := range all {
		e.name = s.shown(e.name)
		b.WriteString(line(e) + "\r\n")
	}
	s.transfer(&transfer{
		from:  io.NopCloser(strings.NewReader(b.String())),
		begin: "150 Here comes the directory listing.",
		end:   "226 Directory send OK.",
	})
}

// entries lists what the argument of LIST or NLST names: a directory, a file,
// or with pattern also what matches one. Options as of ls are ignored.
func (s *ftpSession) entries(arg string, pattern bool) ([]entry, error) {
	for pattern && strings.HasPrefix(arg, "-") {
		_, arg, _ = strings.Cut(arg, " ")
	}
	p := s.abs(arg)
	e, err := s.server.files.stat(p)
	if err == nil && e.dir {
		return s.server.files.list(p)
	}
	if err == nil {
		e.name = arg
		return []entry{e}, nil
	}
	if !pattern || !strings.ContainsAny(arg, "*?[") {
		return nil, err
	}
	all, err := s.server.files.list(path.Dir(p))
	if err != nil {
		return nil, err
	}
	var matching []entry
	for _, e := range all {
		if ok, _ := path.Match(path.Base(p), e.name); ok {
			e.name = path.Join(path.Dir(arg), e.name)
			matching = append(matching, e)
		}
	}
	return matching, nil
}

// longLine is a line as of ls -l.
func longLine(e entry) string {
	mode := "-rw-r--r--    1"
	if e.dir {
		mode = "drwxr-xr-x    2"
	}
	const halfYear = 183 * 24 * time.Hour
	form := "Jan _2 15:04"
	if age := time.Since(e.mod); age > halfYear || age < -time.Hour {
		form = "Jan _2  2006"
	}
	return fmt.Sprintf("%s ftp      ftp      %12d %s %s", mode, e.size, e.mod.UTC().Format(form), e.name)
}

// facts are those of RFC 3659, section 7.5, that FEAT names.
func facts(e entry) string {
	kind, mode := "file", "0644"
	if e.dir {
		kind, mode = "dir", "0755"
	}
	return fmt.Sprintf("type=%s;size=%d;modify=%s;UNIX.mode=%s;", kind, e.size, e.mod.UTC().Format(stamp), mode)
}

func (s *ftpSession) doMlst(arg string) {
	p := s.abs(arg)
	e, err := s.server.files.stat(p)
	s.said(err, "250-Listing\n "+facts(e)+" "+s.shown(p)+"\n250 End")
}

// doStat is the server's state, or a listing by the control connection.
func (s *ftpSession) doStat(arg string) {
	if arg == "" {
		s.say(fmt.Sprintf("211-FTP server status:\n Connected to %s\n Logged in as %s\n211 End of status",
			s.peerAddr(), s.user))
		return
	}
	all, err := s.entries(arg, true)
	if err != nil {
		s.said(err, "")
		return
	}
	text := "213-Status follows:"
	for _, e := range all {
		e.name = s.shown(e.name)
		text += "\n" + longLine(e)
	}
	s.say(text + "\n213 End of status")
}
