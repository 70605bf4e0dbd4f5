package ftpinspect

import (
	"bytes"
	"strings"
)

// kind groups the commands by what the session does with them.
type kind int

const (
	kindPlain    kind = iota // forwarded, its replies are relayed
	kindGreeting             // the reply that a server sends first
	kindRequest              // PASV, EPSV, PORT, EPRT
	kindTransfer             // RETR, STOR, LIST, …
	kindRefused              // answered by us, never forwarded
	kindAuth                 // AUTH
	kindHost                 // HOST
	kindOdd                  // an empty line, or no command word
	kindGarbled              // Telnet bytes within the command word
)

// command is a command of the client that is not answered yet, or a stand-in
// for the greeting.
type command struct {
	kind kind
	verb string // upper case
	arg  string
	line []byte // as it came

	own      []byte    // our own answer
	request  *request  // of kindRequest
	transfer *transfer // of kindTransfer

	// mute: the server may never answer it. Pure-FTPd 1.0.50 swallows
	// commands during a transfer, inetutils-ftpd some malformed ones.
	mute bool

	followed bool // the client has sent more without waiting for the reply

	hidden bool // our own, of whose reply the client hears nothing

	ahead bool   // our own, asked before the client does; hidden until it does: see facts
	kept  []byte // the answer to it, if that came before
}

// unasked reports whether the command was asked ahead of a client that has not
// asked for it yet.
func (c *command) unasked() bool { return c.ahead && c.hidden }

var kinds = map[string]kind{
	"":     kindOdd,
	"PASV": kindRequest, "EPSV": kindRequest, "PORT": kindRequest, "EPRT": kindRequest,
	"LPSV": kindRefused, "LPRT": kindRefused, "CPSV": kindRefused, "SPSV": kindRefused,
	"RETR": kindTransfer, "STOR": kindTransfer, "STOU": kindTransfer, "APPE": kindTransfer,
	"LIST": kindTransfer, "NLST": kindTransfer, "MLSD": kindTransfer,
	"AUTH": kindAuth, "HOST": kindHost,
}

// parseCommand takes a line apart. Blanks before the verb are skipped, for
// some server might skip them, too.
func parseCommand(line []byte) *command {
	t := bytes.TrimLeft(line, " \t")
	n := 0
	for n < len(t) && ('a' <= t[n]|0x20 && t[n]|0x20 <= 'z') {
		n++
	}
	c := &command{verb: strings.ToUpper(string(t[:n])), line: line}
	if n < len(t) {
		c.arg = string(t[n:])
		c.arg = strings.TrimPrefix(c.arg, " ")
	}
	c.kind = kinds[c.verb]
	if c.verb == "P" && len(c.arg) >= 3 && strings.EqualFold(c.arg[:3], "@SW") {
		c.kind = kindRefused // P@SW, vsftpd's other name for PASV
	}
	if n < len(t) && t[n] == telnetIAC {
		// inetutils-ftpd 2.4 and ProFTPD 1.3.8 remove Telnet sequences wherever
		// they stand: "PO IAC NOP RT" would be a PORT there.
		c.kind = kindGarbled
	}
	if c.kind == kindRequest && c.verb == "EPSV" && strings.EqualFold(strings.TrimSpace(c.arg), "ALL") {
		c.kind = kindPlain
	}
	c.mute = c.kind == kindOdd || len(t) != len(line)
	return c
}

// is reports whether the command has this verb; nil has none.
func (c *command) is(verb string) bool { return c != nil && c.verb == verb }

// urgent reports whether the command must not wait while a transfer runs.
func (c *command) urgent() bool { return c.is("ABOR") || c.is("STAT") || c.is("QUIT") }

// httpVerbs begin the request lines of HTTP; none is an FTP command.
var httpVerbs = map[string]bool{
	"GET": true, "POST": true, "HEAD": true, "PUT": true, "DELETE": true,
	"OPTIONS": true, "CONNECT": true, "PATCH": true, "TRACE": true, "PRI": true,
}

// fromBrowser reports whether the command is an HTTP request line: a web page
// can make a browser send FTP commands in the body of a request to a local
// port.
func (c *command) fromBrowser() bool { return httpVerbs[c.verb] && c.arg != "" }

// smuggles reports whether a long line hides a request for a data connection:
// inetutils-ftpd 2.4 takes what follows the 511th byte for another command, and
// so on. A path may well have "PORT" in it elsewhere.
func smuggles(line []byte) bool {
	const split, slack = 511, 8
	for i := 1; i*(split-slack) < len(line); i++ {
		window := line[i*(split-slack) : min(len(line), i*(split+slack)+4)]
		for _, verb := range []string{"PORT", "EPRT", "LPRT", "PASV", "EPSV", "LPSV"} {
			if bytes.Contains(bytes.ToUpper(window), []byte(verb)) {
				return true
			}
		}
	}
	return false
}

// Redact returns a command line with its secret replaced: PASS, ACCT, ADAT and
// the SITE commands that set a password. It also knows them in forms that a
// server refuses, without a blank or with Telnet bytes: the secret is no less
// one. Other lines are returned as they are.
func Redact(line []byte) []byte {
	letters := bytes.ToUpper(bytes.Map(visible, bytes.TrimRight(line, "\r\n")))
	words := bytes.Fields(letters)
	if len(words) == 0 {
		return line
	}
	for _, verb := range []string{"PASS", "ACCT", "ADAT"} {
		if bytes.HasPrefix(words[0], []byte(verb)) {
			return []byte(verb + " ****")
		}
	}
	if len(words) < 2 || !bytes.HasPrefix(words[0], []byte("SITE")) {
		return line
	}
	for _, verb := range []string{"PSWD", "CPWD", "CHPASS"} {
		if bytes.HasPrefix(words[1], []byte(verb)) {
			return []byte("SITE " + verb + " ****")
		}
	}
	return line
}

// visible drops what is no ASCII character that can be seen, but for blanks.
func visible(r rune) rune {
	if r == '\t' || ' ' <= r && r <= '~' {
		return r
	}
	return -1
}
