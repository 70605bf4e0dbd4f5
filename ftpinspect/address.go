package ftpinspect

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// minPort is the lowest port that a data connection may use. RFC 2577,
// section 3, asks servers to refuse a PORT below it; a 227 below it would aim
// the tunnel at a well-known service.
const minPort = 1024

var (
	errNoAddress   = errors.New("no address in the reply")
	errTwoPorts    = errors.New("two addresses with different ports")
	errPortRange   = errors.New("port out of range")
	errNotHostPort = errors.New("not a host-port")
)

// announced is what a passive reply says: where the server listens.
type announced struct {
	port  int
	host  netip.Addr // of a 227, if it could be read; else the zero Addr
	extra bool       // there were more numbers than six
}

// parsePassive reads the address of a complete 227, 228 or 229. The text is
// the reply without its code; for a multi-line reply each line is tried, the
// last one first.
func parsePassive(code int, texts [][]byte) (announced, error) {
	parse := parse227
	switch code {
	case 228:
		parse = parse228
	case 229:
		parse = parse229
	}
	for i := len(texts) - 1; i >= 0; i-- {
		if a, err := parse(string(texts[i])); err != errNoAddress {
			return a, err
		}
	}
	return announced{}, errNoAddress
}

var (
	// Numbers with commas, wherever they stand: servers write them in
	// parentheses, after "=", bare, with blanks (RFC 1123, 4.1.2.6, tells
	// clients to scan).
	tupleRE = regexp.MustCompile(`-?\d+(?:\s*,\s*-?\d+)+`)

	// What servers answer to PASV over IPv6: ProFTPD 1.3.8 "(1,p1,p2)",
	// pyftpdlib 1.5.7 "(::1,p1,p2)".
	shortRE = regexp.MustCompile(`\((?:1|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*),(\d+),(\d+)\)`)
)

// parse227 reads h1,h2,h3,h4,p1,p2 out of a 227. The port is p1*256+p2; bad
// host octets are of no concern, for the host is not dialled. Two addresses
// that differ in their port are refused: clients differ in which one they take.
func parse227(text string) (announced, error) {
	if m := shortRE.FindStringSubmatch(text); m != nil {
		port, err := portOf(m[1], m[2])
		return announced{port: port}, err
	}
	var found announced
	for _, run := range tupleRE.FindAllString(text, -1) {
		n := splitNumbers(run)
		if len(n) < 6 {
			continue
		}
		port, err := portOf(n[4], n[5])
		if err != nil {
			return found, err
		}
		if found.port != 0 && found.port != port {
			return found, errTwoPorts
		}
		found = announced{port: port, host: hostOf(n[:4]), extra: len(n) > 6}
	}
	if found.port == 0 {
		return found, errNoAddress
	}
	return found, nil
}

// parse228 reads the port of (af,hal,h...,2,p1,p2), RFC 1639. inetutils-ftpd
// 2.4 answers PASV with it over IPv6.
func parse228(text string) (announced, error) {
	runs := tupleRE.FindAllString(text, -1)
	if len(runs) == 0 {
		return announced{}, errNoAddress
	}
	n := splitNumbers(runs[len(runs)-1])
	if len(n) < 3 || n[len(n)-3] != "2" {
		return announced{}, errNoAddress
	}
	port, err := portOf(n[len(n)-2], n[len(n)-1])
	return announced{port: port}, err
}

// RFC 2428, section 3: (<d><d><d><tcp-port><d>). The delimiter is "!" with
// IBM i, BulletProof FTP leaves the last one out, and what stands in the
// first two fields is ignored.
var extendedRE = regexp.MustCompile(`^\s*([!-/:-~ ])([^()]*?)([!-/:-~ ])([^()]*?)([!-/:-~ ])0*(\d{1,5})([!-/:-~ ]?)\s*$`)

var bareExtendedRE = regexp.MustCompile(`([!-/:-~])([!-/:-~])([!-/:-~])0*(\d{1,5})([!-/:-~]|$)`)

// parse229 reads the port of a 229: from the last parentheses, or from bare
// delimiters where there are none.
func parse229(text string) (announced, error) {
	open := strings.LastIndexByte(text, '(')
	if open < 0 {
		m := bareExtendedRE.FindStringSubmatch(text)
		if m == nil || m[1] != m[2] || m[2] != m[3] {
			return announced{}, errNoAddress
		}
		return announcedPort(m[4])
	}
	inner, _, _ := strings.Cut(text[open+1:], ")")
	m := extendedRE.FindStringSubmatch(inner)
	if m == nil || m[1] != m[3] || m[3] != m[5] || m[7] != "" && m[7] != m[1] {
		return announced{}, errNoAddress
	}
	return announcedPort(m[6])
}

func announcedPort(digits string) (announced, error) {
	port, err := strconv.Atoi(digits)
	if err != nil || port < 1 || port > 65535 {
		return announced{}, errPortRange
	}
	return announced{port: port}, nil
}

func splitNumbers(run string) []string {
	n := strings.Split(run, ",")
	for i := range n {
		n[i] = strings.TrimSpace(n[i])
	}
	return n
}

// portOf joins the two octets of a port. They are decimal, whatever zeros
// lead; nobody reads octal.
func portOf(hi, lo string) (int, error) {
	h, herr := octet(hi)
	l, lerr := octet(lo)
	if herr != nil || lerr != nil || h == 0 && l == 0 {
		return 0, errPortRange
	}
	return h<<8 | l, nil
}

func octet(s string) (int, error) {
	if len(s) > 3 {
		s = strings.TrimLeft(s, "0")
	}
	n, err := strconv.ParseUint(s, 10, 8)
	return int(n), err
}

func hostOf(n []string) netip.Addr {
	var a [4]byte
	for i := range a {
		o, err := octet(n[i])
		if err != nil {
			return netip.Addr{}
		}
		a[i] = byte(o)
	}
	return netip.AddrFrom4(a)
}

// parsePort reads the argument of PORT: six decimal numbers, blanks around
// the commas allowed, nothing else.
func parsePort(arg string) (netip.AddrPort, error) {
	n := splitNumbers(strings.Trim(arg, " "))
	if len(n) != 6 || strings.ContainsAny(arg, "+-\t") {
		return netip.AddrPort{}, errNotHostPort
	}
	host := hostOf(n[:4])
	port, err := portOf(n[4], n[5])
	if !host.IsValid() || err != nil {
		return netip.AddrPort{}, errNotHostPort
	}
	return netip.AddrPortFrom(host, uint16(port)), nil
}

// errProtocol: the network protocol of an EPRT is neither 1 nor 2.
var errProtocol = errors.New("network protocol not supported")

// parseEPRT reads the argument of EPRT, RFC 2428, section 2:
// <d><net-prt><d><net-addr><d><tcp-port><d>. A missing last delimiter and a
// zone are tolerated, a mapped IPv4 address is unmapped.
func parseEPRT(arg string) (netip.AddrPort, error) {
	arg = strings.Trim(arg, " ")
	if arg == "" || arg[0] <= ' ' || arg[0] > '~' || isDigit(arg[0]) {
		return netip.AddrPort{}, errNotHostPort
	}
	f := strings.Split(arg[1:], arg[:1])
	if len(f) == 4 && f[3] == "" {
		f = f[:3]
	}
	if len(f) != 3 {
		return netip.AddrPort{}, errNotHostPort
	}
	if f[0] != "1" && f[0] != "2" {
		return netip.AddrPort{}, errProtocol
	}
	return extendedAddress(f[0] == "2", f[1], f[2])
}

func extendedAddress(v6 bool, host, port string) (netip.AddrPort, error) {
	a, err := netip.ParseAddr(host)
	p, perr := strconv.ParseUint(port, 10, 16)
	if err != nil || perr != nil || p == 0 || a.Is6() != v6 {
		return netip.AddrPort{}, errNotHostPort
	}
	return netip.AddrPortFrom(a.Unmap().WithZone(""), uint16(p)), nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// hostPort is the argument of PORT and 227, RFC 959, section 4.1.2.
func hostPort(a netip.AddrPort) string {
	h := a.Addr().Unmap().As4()
	return fmt.Sprintf("%d,%d,%d,%d,%d,%d", h[0], h[1], h[2], h[3], a.Port()>>8, a.Port()&0xff)
}

// extendedArg is the argument of EPRT.
func extendedArg(a netip.AddrPort) string {
	proto := 1
	if a.Addr().Unmap().Is6() {
		proto = 2
	}
	return fmt.Sprintf("|%d|%s|%d|", proto, a.Addr().Unmap(), a.Port())
}

// Passive replies that are canonical but for their digits: in these only the
// digits change, so that a client sees the words of its server.
var (
	canonical227 = regexp.MustCompile(`^227 Entering Passive Mode \(\d+,\d+,\d+,\d+,\d+,\d+\)(\.?)$`)
	canonical229 = regexp.MustCompile(`^229 Entering Extended Passive Mode \(\|\|\|\d+\|\)(\.?)$`)
)

// reply227 and reply229 are the replies to a client's PASV and EPSV, in the
// dialect that it asked for. server is the server's own reply line, nil where
// it answered in another one.
func reply227(listener netip.AddrPort, server []byte) []byte {
	return fmt.Appendf(nil, "227 Entering Passive Mode (%s)%s", hostPort(listener), dot(canonical227, server))
}

func reply229(listener netip.AddrPort, server []byte) []byte {
	return fmt.Appendf(nil, "229 Entering Extended Passive Mode (|||%d|)%s", listener.Port(), dot(canonical229, server))
}

// dot is the full stop of a canonical reply, or one where there is none to
// follow.
func dot(canonical *regexp.Regexp, server []byte) string {
	if m := canonical.FindSubmatch(server); m != nil {
		return string(m[1])
	}
	return "."
}

// isPassiveCode reports whether a code announces a passive address.
func isPassiveCode(code int) bool { return 227 <= code && code <= 229 }

// looksPassive reports whether a lax client could take a line for a passive
// reply: 227, 228 or 229 after blanks.
func looksPassive(line []byte) bool {
	t := bytes.TrimLeft(line, " \t")
	return len(t) >= 3 && t[0] == '2' && t[1] == '2' && '7' <= t[2] && t[2] <= '9'
}
