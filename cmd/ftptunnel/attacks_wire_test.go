//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"ftptunnel/testenv"
	"ftptunnel/testenv/daemons"
)

// wireAttacks hide a command within bytes that the tunnel and the server may
// read differently.
var wireAttacks = []attack{
	{"HTTP request, FTP commands in its body", "NAT Slipstreaming, CVE-2020-28041, CVE-2021-34791", (*assault).http},
	{"CRLF in a client's path", "CVE-2017-3533, CVE-2026-39983, java-python-ftp-injection", (*assault).injected},
	{"LF, CR and NUL in a line", "servers' line ends differ", (*assault).lineEnds},
	{"Telnet bytes around and within a command", "RFC 854, inetutils-ftpd and ProFTPD strip them", (*assault).telnet},
	{"Telnet bytes, against inetutils-ftpd", "inetutils-ftpd 2.4", (*assault).telnetInetutils},
	{"line of 512 bytes that hides a PORT", "inetutils-ftpd 2.4 splits lines", (*assault).split},
	{"lines of nothing", "empty lines, in a reply, too", (*assault).nothing},
	{"commands before the login and the greeting", "early data", (*assault).early},
	{"packets cut anywhere", "inspectors of packets, CVE-2020-28041", (*assault).cutPackets},
}

// raw connects and sends bytes; it returns what came back until the end or for
// as long as the tunnel takes to answer a NOOP that follows.
func (a *assault) raw(text string) (string, error) {
	c, err := net.DialTimeout("tcp", a.run.addr, testTimeout)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(testTimeout))
	if _, err := io.WriteString(c, text); err != nil {
		return "", err
	}
	got, err := io.ReadAll(c)
	if ending(err) == endHang {
		return string(got), fmt.Errorf("hung after %q", got)
	}
	return string(got), nil
}

func (a *assault) http() error {
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nUSER a\r\nPASS b\r\nPORT 127,0,0,1,31,144\r\nRETR big.bin\r\n",
		"OPTIONS * HTTP/1.1\r\n\r\nPORT 127,0,0,1,31,144\r\n", "CONNECT x:21 HTTP/1.1\r\n\r\nPORT 127,0,0,1,31,144\r\n",
		"PUT /x HTTP/1.0\r\n\r\nPASV\r\n", "HEAD / HTTP/1.0\r\n\r\nPASV\r\n",
	} {
		got, err := a.raw(request)
		if err != nil {
			return fmt.Errorf("%.10q: %w", request, err)
		}
		if strings.Contains(got, "\n331") || strings.Contains(got, "\n227") {
			return fmt.Errorf("%.10q was answered %q", request, got)
		}
	}
	return a.unseen("GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "HOST:", "USER A", "PORT", "PASV")
}

// injected is what an application does whose path holds line ends.
func (a *assault) injected() error {
	at, unharmed, err := victim(a, "127.0.0.2")
	if err != nil {
		return err
	}
	w, err := a.enter()
	if err != nil {
		return err
	}
	w.say("CWD x\r\nPORT " + activeArgument("PORT", at) + "\r\nRETR " + nextFile)
	for _, code := range []string{"550", "501", "425"} {
		if err := w.expect(code); err != nil {
			return err
		}
	}
	if err := a.unseen("PORT"); err != nil {
		return err
	}
	if err := unharmed(); err != nil {
		return err
	}
	return a.well(w)
}

// lineEnds: whatever ends a line for one server must not be within one that is
// sent on, and a PORT that is a line of its own is judged as one.
func (a *assault) lineEnds() error {
	const port = "PORT 127,0,0,2,31,144"
	w, err := a.enter()
	if err != nil {
		return err
	}
	for _, text := range []string{
		"NOOP\n" + port, "NOOP\r" + port, "NOOP\x00" + port, "NOOP \r\r\n" + port,
		"NOOP\x00\r" + port, " " + port, "\t" + port, "\r" + port, "\x00" + port, "P\x00ORT 127,0,0,2,31,144", "PO\rRT 127,0,0,2,31,144",
	} {
		w.say(text + "\r\nSYST")
		for line := ""; !strings.HasPrefix(line, "215"); {
			if line, err = w.reply(); err != nil {
				return fmt.Errorf("%q: %w", text, err)
			}
			if strings.HasPrefix(line, "200 PORT") {
				return fmt.Errorf("%q was answered %q", text, line)
			}
		}
	}
	for _, c := range a.commands() {
		if strings.ContainsAny(c, "\r\n\x00") {
			return fmt.Errorf("the server has seen %q", c)
		}
	}
	if err := a.unseen("PORT"); err != nil {
		return err
	}
	return a.well(w)
}

// telnetPorts hide a PORT from a reader that does not know Telnet.
var telnetPorts = []string{
	"\xff\xf1PORT %s", "\xff\xf4\xff\xf2PORT %s", "P\xff\xf1ORT %s", "PO\xff\xfb\x01RT %s", "PORT\xff\xf1 %s",
	"\xff\xfa\x01PORT %s", "\xff\xfa\x01x\xff\xf0PORT %s", "\xffPORT %s", "\xff\xffPORT %s", "POR\xff\xffT %s", "EP\xff\xf1RT |1|127.0.0.2|8080|",
}

func (a *assault) telnet() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	for _, form := range telnetPorts {
		line := strings.Replace(form, "%s", "127,0,0,2,31,144", 1)
		if err := answered(w, line, "5"); err != nil {
			return err
		}
	}
	for _, c := range a.commands() {
		for _, hidden := range []string{c, withoutTelnet(c)} {
			if strings.HasPrefix(hidden, "PORT") || strings.HasPrefix(hidden, "EPRT") {
				return fmt.Errorf("the server has seen %q", c)
			}
		}
	}
	return a.well(w)
}

// withoutTelnet removes Telnet's sequences wherever they stand, as some servers
// do.
func withoutTelnet(s string) string {
	var kept []byte
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != 0xff:
			kept = append(kept, s[i])
		case i+1 < len(s) && s[i+1] >= 0xfb && s[i+1] != 0xff:
			i += 2
		case i+1 < len(s) && s[i+1] >= 0xf0:
			i++
		}
	}
	return string(kept)
}

// inetutils starts a tunnel to a real inetutils-ftpd, and a client whose
// address is not the one that the server takes for the client's.
func (a *assault) inetutils() (*witness, error) {
	ftpd := daemons.InetutilsFTPD(a.t, daemons.FTPOptions{})
	args := a.args("-vv")
	args[len(args)-1] = ftpd.Addr
	a.run = start(a.t, false, args...)
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 3)}, Timeout: testTimeout}
	c, err := d.Dial("tcp", a.run.addr)
	if err != nil {
		return nil, err
	}
	a.t.Cleanup(func() { c.Close() })
	w := &witness{conn: c.(*net.TCPConn), r: bufio.NewReader(c)}
	w.limit(testTimeout)
	if err := w.expect("220"); err != nil {
		return nil, err
	}
	return w, w.logIn()
}

// portTaken is an error if a listing goes to the victim.
func portTaken(w *witness, victimAt string) error {
	w.say("NLST\r\nSYST")
	for line := ""; !strings.HasPrefix(line, "215"); {
		var err error
		if line, err = w.reply(); err != nil {
			return err
		}
		if strings.Contains(line, victimAt) {
			return fmt.Errorf("the server went for the victim: %q", line)
		}
	}
	return nil
}

// telnetInetutils tries the same on a server that removes Telnet bytes. The
// victim is a port of the SSH server's own host, which that server would dial.
func (a *assault) telnetInetutils() error {
	at, unharmed, err := victim(a, "127.0.0.1")
	if err != nil {
		return err
	}
	w, err := a.inetutils()
	if err != nil {
		return err
	}
	for _, form := range telnetPorts {
		w.say(strings.Replace(form, "%s", activeArgument("PORT", at), 1) + "\r\nSYST")
		for line := ""; !strings.HasPrefix(line, "215"); {
			if line, err = w.reply(); err != nil {
				return fmt.Errorf("%q: %w", form, err)
			}
		}
		if err := a.unwritten(form, fmt.Sprint(at.Port())); err != nil {
			return err
		}
	}
	if err := portTaken(w, at.String()); err != nil {
		return err
	}
	return unharmed()
}

// unwritten is that no line that was sent on holds what would be a PORT to the
// victim for a server that removes Telnet bytes.
func (a *assault) unwritten(form, port string) error {
	for _, r := range a.run.log.all("dialogue") {
		if r.From == "client" && strings.Contains(r.After, "PORT") && strings.Contains(r.After, port) {
			return fmt.Errorf("%q was sent on as %q", form, r.After)
		}
	}
	return nil
}

// split sends long lines whose tail is a command for inetutils-ftpd.
func (a *assault) split() error {
	at, unharmed, err := victim(a, "127.0.0.1")
	if err != nil {
		return err
	}
	w, err := a.inetutils()
	if err != nil {
		return err
	}
	for n := 490; n < 530; n++ {
		pad := "NOOP " + strings.Repeat("x", n-len("NOOP "))
		w.say(pad + "PORT " + activeArgument("PORT", at) + "\r\nSYST")
		for line := ""; !strings.HasPrefix(line, "215"); {
			if line, err = w.reply(); err != nil {
				return fmt.Errorf("a line of %d bytes: %w", n, err)
			}
			if strings.HasPrefix(line, "200 PORT") {
				return fmt.Errorf("after %d bytes the server took the PORT: %q", n, line)
			}
		}
	}
	if err := portTaken(w, at.String()); err != nil {
		return err
	}
	return unharmed()
}

// nothing sends lines without a byte, and with none that is left; so does the
// server, within a reply.
func (a *assault) nothing() error {
	text := start(a.t, false, append([]string{"--log-format", "text"}, a.args("-vv")...)...)
	for _, addr := range []string{a.run.addr, text.addr} {
		w, err := enter(addr)
		if err != nil {
			return err
		}
		defer w.conn.Close()
		a.answers("HELP", "214-\n\n \n\x00\n214 ")
		for _, line := range []string{"", " ", "\x00", "\r", "\xff\xf1", "\n\n"} {
			w.say(line + "\r\nHELP\r\nSYST")
			for got := ""; !strings.HasPrefix(got, "215"); {
				if got, err = w.reply(); err != nil {
					return fmt.Errorf("%q: %w", line, err)
				}
			}
		}
		if err := a.well(w); err != nil {
			return err
		}
	}
	return nil
}

// early sends commands before the server has greeted: they are served in
// order, and a PORT among them is judged as ever.
func (a *assault) early() error {
	a.ftp.SetFaults(testenv.Faults{Delay: map[string]time.Duration{"": 300 * time.Millisecond}})
	got, err := a.raw("PORT 127,0,0,2,31,144\r\nUSER a\r\nPASS b\r\nPORT 127,0,0,2,31,144\r\nQUIT\r\n")
	if err != nil {
		return err
	}
	if strings.Count(got, "501 ") != 2 || !strings.Contains(got, "\n221") {
		return fmt.Errorf("answered %q", got)
	}
	return a.unseen("PORT")
}

// cutPackets sends a PORT byte by byte, and as the beginning of a packet.
func (a *assault) cutPackets() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	text := []byte("NOOP " + strings.Repeat("x", 1400) + "PORT 127,0,0,2,31,144\r\nPORT 127,0,0,2,31,144\r\n")
	for part := range bytes.SplitAfterSeq(text, []byte("x")) {
		if _, err := w.conn.Write(part); err != nil {
			return err
		}
	}
	for _, code := range []string{"200", "501"} {
		if err := w.expect(code); err != nil {
			return err
		}
	}
	for _, b := range []byte("EPRT |1|127.0.0.2|8080|\r\n") {
		if _, err := w.conn.Write([]byte{b}); err != nil {
			return err
		}
	}
	if err := w.expect("501"); err != nil {
		return err
	}
	if err := a.unseen("PORT", "EPRT"); err != nil {
		return err
	}
	return a.well(w)
}
