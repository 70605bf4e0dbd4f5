package testenv

import (
	"strings"
)

func (s *ftpSession) doUser(arg string) {
	s.loggedIn = false
	if s.server.opts.RequireTLS && !s.secure() {
		s.say("530 Non-anonymous sessions must use encryption.")
		return
	}
	s.user = arg
	s.say("331 Please specify the password.")
}

func (s *ftpSession) doPass(arg string) {
	want, known := s.server.opts.Users[s.user]
	switch {
	case s.user == "":
		s.say("503 Login with USER first.")
	case s.server.opts.Users != nil && (!known || arg != want):
		s.user = ""
		s.say("530 Login incorrect.")
	default:
		s.loggedIn = true
		s.server.counts.add(func(c *FTPCounts) { c.Logins++ })
		s.say("230 Login successful.")
	}
}

// doRein begins anew, but for TLS (RFC 959, section 4.1.1; RFC 4217, 11).
func (s *ftpSession) doRein(string) {
	s.user, s.loggedIn, s.cwd = "", false, "/"
	s.ascii, s.epsvAll, s.private = false, false, false
	s.setData(nil)
	s.say("220 Service ready for new user.")
}

func (s *ftpSession) doQuit(string) {
	s.say("221 Goodbye.")
	s.quit = true
}

// doHost takes any name (RFC 7151): there is one host here.
func (s *ftpSession) doHost(arg string) {
	switch {
	case s.loggedIn:
		s.say("503 HOST comes before the login.")
	case arg == "":
		s.say("501 HOST needs a name.")
	default:
		s.say("220 " + arg + " ready.")
	}
}

func (s *ftpSession) doAuth(arg string) {
	switch {
	case s.server.opts.TLS == nil:
		s.say("502 AUTH is not available.")
	case s.secure():
		s.say("503 Already secured.")
	case strings.EqualFold(arg, "TLS"), strings.EqualFold(arg, "TLS-C"):
		s.say("234 Proceed with negotiation.")
		s.startTLS()
		s.user, s.loggedIn = "", false
	default:
		s.say("504 Unknown AUTH type.")
	}
}

func (s *ftpSession) doPbsz(string) {
	if !s.secure() {
		s.say("503 PBSZ needs a secure connection.")
		return
	}
	s.say("200 PBSZ=0")
}

func (s *ftpSession) doProt(arg string) {
	switch level := strings.ToUpper(arg); {
	case !s.secure():
		s.say("503 PROT needs a secure connection.")
	case level == "P", level == "C":
		s.private = level == "P"
		s.say("200 Protection set to " + level + ".")
	default:
		s.say("536 Only C and P are supported.")
	}
}
