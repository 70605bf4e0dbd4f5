//go:build linux

package main

import (
	"fmt"
	"strings"

	"ftptunnel/testenv"
)

// serverAttacks have the server say, or echo, what looks like a 227.
var serverAttacks = []attack{
	{"free-standing 227", "CERT VU#328867, CVE-2002-1978, CVE-2002-1979", (*assault).unsolicited},
	{"227 as the answer to another command", "CERT VU#328867, CVE-2000-0150", (*assault).echoed},
	{"227 within a multi-line block", "STAT of vsftpd, ProFTPD, inetutils-ftpd, pyftpdlib", (*assault).block},
	{"227 after a block that a file name ends", "directory entry with 213 End", (*assault).blockEnds},
	{"227 in a directory's name", "PWD of ProFTPD and pyftpdlib", (*assault).directory},
	{"227 after a bare CR", "550 of ProFTPD, FileZilla's line ends", (*assault).bareCR},
	{"227 in a listing", "NLST", (*assault).listed},
	{"forged 227 before the genuine one", "pipelined STAT and PASV", (*assault).forged},
	{"reply without end", "64 KiB lines, endless 211-", (*assault).endless},
	{"control bytes for the terminal", "escape sequences in names and replies", (*assault).terminal},
}

const evil = "227 Entering Passive Mode (10,9,9,1,4,100)."

// harmless is that no 227 has reached the client but those that it asked for,
// and that nothing was dialled or opened since.
func (a *assault) harmless(w *witness, dials int) error {
	for _, line := range w.text {
		if isPassive(line) && strings.Contains(line, "10,9,9,1") {
			return fmt.Errorf("the client was told %q", line)
		}
	}
	if n := a.dials(); n != dials {
		return fmt.Errorf("%d connections were dialled", n-dials)
	}
	return a.well(w)
}

func isPassive(line string) bool {
	return strings.HasPrefix(line, "227") || strings.HasPrefix(line, "228") || strings.HasPrefix(line, "229")
}

func (a *assault) unsolicited() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	before := a.dials()
	for _, line := range []string{evil, "229 Entering Extended Passive Mode (|||4100|)", "228 (4,4,10,9,9,1,2,16,4)", "227-a\n227 (10,9,9,1,16,4)"} {
		a.ftp.Say(line)
	}
	if err := answered(w, "NOOP", "200"); err != nil {
		return err
	}
	for _, line := range w.text {
		if isPassive(line) {
			return fmt.Errorf("the client was told %q", line)
		}
	}
	return a.harmless(w, before)
}

// answers sets the answer to one command.
func (a *assault) answers(verb, reply string) {
	a.ftp.SetFaults(testenv.Faults{Replies: map[string]string{verb: reply}})
}

func (a *assault) echoed() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	before := a.dials()
	for _, verb := range []string{"HELP", "STAT", "CWD", "SYST"} {
		a.answers(verb, evil+"\n200 ok")
		for _, line := range []string{verb + " " + evil, "NOOP"} {
			if err := answered(w, line, "200"); err != nil {
				return err
			}
		}
	}
	for _, line := range w.text {
		if isPassive(line) {
			return fmt.Errorf("the client was told %q", line)
		}
	}
	return a.harmless(w, before)
}

func (a *assault) block() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	before := a.dials()
	a.answers("STAT", "213-Status follows:\n"+evil+"\n227-"+evil[4:]+"\n229 (|||4100|)\n213 End")
	if err := answered(w, "STAT up", "213"); err != nil {
		return err
	}
	if n := a.dials(); n != before {
		return fmt.Errorf("%d connections were dialled", n-before)
	}
	return a.well(w)
}

func (a *assault) blockEnds() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	before := a.dials()
	a.answers("STAT", "213-Status follows:\n-rw-r--r-- x\n213 End\n"+evil+"\n213 End")
	w.say("STAT up")
	if err := w.expect("213"); err != nil {
		return err
	}
	a.ftp.SetFaults(testenv.Faults{})
	w.say("SYST")
	for line := ""; !strings.HasPrefix(line, "215"); {
		if line, err = w.reply(); err != nil {
			return err
		}
	}
	return a.harmless(w, before)
}

func (a *assault) directory() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	before := a.dials()
	a.answers("PWD", "257 \"/nl/evil\n"+evil+"\" is the current directory.")
	w.say("PWD")
	if err := w.expect("257"); err != nil {
		return err
	}
	if err := answered(w, "NOOP", "200"); err != nil {
		return err
	}
	return a.harmless(w, before)
}

func (a *assault) bareCR() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	before := a.dials()
	a.answers("CWD", "550 ev\r"+evil+"\x00"+evil+": no such directory\r\n")
	line, err := w.ask("CWD ev")
	if err != nil {
		return err
	}
	if strings.ContainsAny(line, "\r\x00") || !strings.HasPrefix(line, "550") {
		return fmt.Errorf("the client was told %q", line)
	}
	a.ftp.SetFaults(testenv.Faults{})
	return a.harmless(w, before)
}

// listed has names in a listing: data is not read.
func (a *assault) listed() error {
	a.tree.Put("names/"+evil, nil)
	a.tree.Put("names/x\r\n"+evil, nil)
	w, err := a.enter()
	if err != nil {
		return err
	}
	a.ftp.SetFaults(testenv.Faults{RawNames: true})
	for _, line := range []string{"NLST names", "LIST names"} {
		data, done, err := w.begin("EPSV", line)
		if err != nil {
			return err
		}
		s, err := w.receive(data, strike{})
		done()
		if err != nil || !strings.HasPrefix(s.reply, "226") || s.bytes == 0 {
			return fmt.Errorf("%s: %v, %v", line, s, err)
		}
	}
	a.ftp.SetFaults(testenv.Faults{})
	if err := a.onlyTarget(); err != nil {
		return err
	}
	return a.well(w)
}

// forged is the case that is left: while a PASV is outstanding, a file name
// ends the block and brings a 227. It can at most name another port of the
// control connection's host, and the genuine one is not relayed.
func (a *assault) forged() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	a.answers("STAT", "213-Status follows:\n213 End\n"+evil)
	w.say("STAT up\r\nPASV")
	if err := w.expect("213"); err != nil {
		return err
	}
	line, err := w.reply()
	if err != nil {
		return err
	}
	if strings.Contains(line, "10,9,9,1") || !strings.HasPrefix(line, "227 ") && !strings.HasPrefix(line, "425") {
		return fmt.Errorf("the client was told %q", line)
	}
	a.ftp.SetFaults(testenv.Faults{})
	if err := answered(w, "NOOP", "200"); err != nil {
		return err
	}
	if err := a.onlyTarget(); err != nil {
		return err
	}
	return a.well(w)
}

// endless sends more than any reply has.
func (a *assault) endless() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	a.answers("HELP", "214-Help\n"+strings.Repeat(" "+strings.Repeat("x", 200_000)+"\n", 4)+"214 End")
	w.say("HELP")
	if err := w.expect("214 "); err != nil {
		return err
	}
	for _, line := range w.text {
		if len(line) > 70_000 {
			return fmt.Errorf("the client was sent a line of %d bytes", len(line))
		}
	}
	// An answer to PASV that goes on and on is given up, for another way.
	a.answers("PASV", "227-"+strings.Repeat("more\n ", 500)+"\n")
	got, err := w.fetch("PASV", nextFile)
	if err == nil && got != a.tree.SHA256(nextFile) {
		err = fmt.Errorf("another hash")
	}
	return err
}

// terminal has names and replies that would act on a terminal.
func (a *assault) terminal() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	a.answers("RETR", "550 \x1b]0;owned\x07\x9b31m no")
	if err := answered(w, "RETR \x1b[2J\x07name", "550"); err != nil {
		return err
	}
	text := start(a.t, false, append([]string{"--log-format", "text"}, a.args("-vv")...)...)
	v, err := enter(text.addr)
	if err != nil {
		return err
	}
	defer v.conn.Close()
	if err := answered(v, "RETR \x1b[2J\x07name", "550"); err != nil {
		return err
	}
	text.end()
	for _, log := range []string{a.run.log.String(), text.log.String()} {
		if strings.ContainsAny(log, "\x1b\x07") || strings.Contains(log, "\x9b") {
			return fmt.Errorf("control bytes in the log: %q", tail(log))
		}
	}
	return nil
}
