package testenv

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// command is what the server does for a verb.
type command struct {
	run      func(s *ftpSession, arg string)
	early    bool // permitted before the login
	transfer bool // uses a data connection
}

var ftpCommands = map[string]command{
	"USER": {run: (*ftpSession).doUser, early: true},
	"PASS": {run: (*ftpSession).doPass, early: true},
	"ACCT": {run: fixed("202 No account is needed."), early: true},
	"REIN": {run: (*ftpSession).doRein, early: true},
	"QUIT": {run: (*ftpSession).doQuit, early: true},
	"HOST": {run: (*ftpSession).doHost, early: true},
	"AUTH": {run: (*ftpSession).doAuth, early: true},
	"PBSZ": {run: (*ftpSession).doPbsz, early: true},
	"PROT": {run: (*ftpSession).doProt, early: true},
	"FEAT": {run: (*ftpSession).doFeat, early: true},
	"OPTS": {run: (*ftpSession).doOpts, early: true},
	"SYST": {run: fixed("215 UNIX Type: L8"), early: true},
	"HELP": {run: (*ftpSession).doHelp, early: true},
	"NOOP": {run: fixed("200 NOOP ok."), early: true},
	"CLNT": {run: fixed("200 Noted."), early: true},
	"SITE": {run: (*ftpSession).doSite},
	"STAT": {run: (*ftpSession).doStat},
	"ALLO": {run: fixed("202 No storage allocation is needed.")},
	"ABOR": {run: fixed("225 No transfer to ABOR.")},

	"PASV": {run: (*ftpSession).doPasv},
	"EPSV": {run: (*ftpSession).doEpsv},
	"PORT": {run: (*ftpSession).doPort},
	"EPRT": {run: (*ftpSession).doEprt},
	"TYPE": {run: (*ftpSession).doType},
	"MODE": {run: only("S", "200 Mode set to S.", "504 Bad MODE command.")},
	"STRU": {run: only("F", "200 Structure set to F.", "504 Bad STRU command.")},
	"REST": {run: (*ftpSession).doRest},

	"LIST": {run: (*ftpSession).doList, transfer: true},
	"NLST": {run: (*ftpSession).doNlst, transfer: true},
	"MLSD": {run: (*ftpSession).doMlsd, transfer: true},
	"RETR": {run: (*ftpSession).doRetr, transfer: true},
	"STOR": {run: (*ftpSession).doStor, transfer: true},
	"APPE": {run: (*ftpSession).doAppe, transfer: true},
	"STOU": {run: (*ftpSession).doStou, transfer: true},

	"PWD":  {run: (*ftpSession).doPwd},
	"CWD":  {run: (*ftpSession).doCwd},
	"CDUP": {run: func(s *ftpSession, _ string) { s.doCwd("..") }},
	"MKD":  {run: (*ftpSession).doMkd},
	"RMD":  {run: (*ftpSession).doRmd},
	"DELE": {run: (*ftpSession).doDele},
	"RNFR": {run: (*ftpSession).doRnfr},
	"RNTO": {run: (*ftpSession).doRnto},
	"SIZE": {run: (*ftpSession).doSize},
	"MDTM": {run: (*ftpSession).doMdtm},
	"MFMT": {run: (*ftpSession).doMfmt},
	"MLST": {run: (*ftpSession).doMlst},
}

// older spellings (RFC 775, RFC 1123 section 4.1.3.1).
var ftpAliases = map[string]string{"XPWD": "PWD", "XCWD": "CWD", "XCUP": "CDUP", "XMKD": "MKD", "XRMD": "RMD"}

func fixed(reply string) func(*ftpSession, string) {
	return func(s *ftpSession, _ string) { s.say(reply) }
}

func only(value, good, bad string) func(*ftpSession, string) {
	return func(s *ftpSession, arg string) {
		if strings.EqualFold(arg, value) {
			s.say(good)
			return
		}
		s.say(bad)
	}
}

// dispatch executes a command that no fault has taken.
func (s *ftpSession) dispatch(verb, arg string) {
	if name, ok := ftpAliases[verb]; ok {
		verb = name
	}
	c, ok := s.commands[verb]
	switch {
	case verb == tooLong:
		s.say("500 Command line too long.")
	case !ok:
		s.say("500 Unknown command.")
	case !s.loggedIn && !c.early:
		s.say("530 Please login with USER and PASS.")
	default:
		if verb != "RNTO" {
			s.rename = ""
		}
		c.run(s, arg)
		if verb != "REST" {
			s.rest = 0
		}
	}
}

func (s *ftpSession) doHelp(string) {
	names := slices.Sorted(maps.Keys(s.commands))
	text := "214-The following commands are recognized."
	for line := range slices.Chunk(names, 10) {
		text += "\n " + strings.Join(line, " ")
	}
	s.say(text + "\n214 Help OK.")
}

func (s *ftpSession) doFeat(string) {
	features := s.server.opts.Features
	if features == nil {
		features = []string{"EPRT", "EPSV", "MDTM", "MFMT", "MLST type*;size*;modify*;UNIX.mode*;",
			"REST STREAM", "SIZE", "TVFS", "UTF8"}
		if s.server.opts.TLS != nil {
			features = append(features, "AUTH TLS", "PBSZ", "PROT")
		}
	}
	if len(features) == 0 {
		s.say("500 Unknown command.")
		return
	}
	s.say("211-Features:\n " + strings.Join(features, "\n ") + "\n211 End")
}

func (s *ftpSession) doOpts(arg string) {
	option, rest, _ := strings.Cut(strings.ToUpper(arg), " ")
	switch option {
	case "UTF8":
		s.say("200 Always in UTF8 mode.")
	case "MLST":
		s.say(fmt.Sprintf("200 MLST OPTS %s", strings.ToLower(rest)))
	default:
		s.say("501 Option not understood.")
	}
}

func (s *ftpSession) doSite(arg string) {
	verb, _ := splitCommand(arg)
	switch verb {
	case "CHMOD":
		s.say("200 SITE CHMOD command ok.")
	case "HELP", "":
		s.say("214 CHMOD HELP")
	default:
		s.say("500 Unknown SITE command.")
	}
}

func (s *ftpSession) doType(arg string) {
	switch strings.ToUpper(arg) {
	case "A", "A N":
		s.ascii = true
		s.say("200 Switching to ASCII mode.")
	case "I", "L 8", "L8":
		s.ascii = false
		s.say("200 Switching to Binary mode.")
	default:
		s.say("504 Unrecognised TYPE command.")
	}
}
