package ftpinspect

import (
	"path"
	"strings"
)

// maxDirectory bounds what is kept of where the client has changed to.
const maxDirectory = 4096

// noteDirectory follows the client through the server's folders, by the replies
// to CWD, CDUP and PWD (RFC 959, section 4.1.1; the X forms are RFC 775's). It
// is for the record only: what a name leads to is the server's business.
func (s *Session) noteDirectory(c *command, r *reply) {
	if class(r.code) != 2 {
		return
	}
	switch c.verb {
	case "CWD", "XCWD":
		s.changeDirectory(c.arg)
	case "CDUP", "XCUP":
		s.changeDirectory("..")
	case "PWD", "XPWD":
		if name, ok := quotedName(string(r.first)); ok {
			s.directory = ""
			s.changeDirectory(name)
		}
	case "USER", "PASS", "ACCT", "REIN":
		s.directory = ""
	}
}

// changeDirectory goes to a folder, which may be named from the one before.
func (s *Session) changeDirectory(name string) {
	if !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "~") {
		name = s.directory + "/" + name
		if s.directory == "" {
			name = name[1:]
		}
	}
	s.directory = path.Clean(name)
	if s.directory == "." || len(s.directory) > maxDirectory {
		s.directory = ""
	}
}

// InDirectory names a file from where the login begins or, as far as that can be
// told, from the root: name as a command has it, directory as a [Transfer] has it.
func InDirectory(directory, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(directory, name)
}

// quotedName returns the name that a 257 has between quotes, those within it
// doubled (RFC 959, appendix II).
func quotedName(line string) (name string, ok bool) {
	_, rest, ok := strings.Cut(line, `"`)
	var b strings.Builder
	for ok {
		var part string
		part, rest, ok = strings.Cut(rest, `"`)
		if !ok {
			return "", false
		}
		b.WriteString(part)
		if !strings.HasPrefix(rest, `"`) {
			return b.String(), b.Len() > 0
		}
		b.WriteByte('"')
		rest = rest[1:]
	}
	return "", false
}
