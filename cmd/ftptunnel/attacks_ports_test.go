//go:build linux

package main

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"ftptunnel/testenv"
)

// portAttacks aim the tunnel or the server at somebody else's port.
var portAttacks = []attack{
	{"PORT to a third host", "RFC 2577, CVE-1999-0017, CVE-2001-0405", (*assault).bounce},
	{"EPRT to a third host", "RFC 2577, RFC 2428", (*assault).bounceExtended},
	{"PORT below 1024", "RFC 2577", (*assault).lowPort},
	{"PORT that servers read differently", "ftpd's mod 256, ProFTPD's RFC 1918 rule", (*assault).oddPort},
	{"227 and 229 below 1024", "OpenBSD ftp-proxy MIN_PORT", (*assault).lowPassive},
	{"227 to a neighbour", "CVE-2020-8284, CVE-2021-4189, CVE-2021-37533, CVE-2021-40491, CVE-2007-1562, CVE-2026-8328", (*assault).neighbour},
	{"227 to a dead port", "curl test 1233", (*assault).deadPort},
}

// victim listens where nobody has business and reports whether somebody came.
func victim(a *assault, host string) (netip.AddrPort, func() error, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return netip.AddrPort{}, nil, err
	}
	came := make(chan string, 16)
	go func() {
		defer close(came)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			came <- c.RemoteAddr().String()
			c.Close()
		}
	}()
	stop := func() error {
		l.Close()
		for from := range came {
			return fmt.Errorf("the victim at %s was connected to from %s", l.Addr(), from)
		}
		return nil
	}
	a.t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).AddrPort(), stop, nil
}

func (a *assault) bounce() error         { return a.bounceBy("PORT") }
func (a *assault) bounceExtended() error { return a.bounceBy("EPRT") }

// bounceBy names a victim that the tunnel and the server could both reach.
func (a *assault) bounceBy(verb string) error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	at, unharmed, err := victim(a, "127.0.0.2")
	if err != nil {
		return err
	}
	for _, to := range []netip.AddrPort{at, netip.MustParseAddrPort("10.9.9.1:4100"), netip.MustParseAddrPort("192.0.2.1:2121")} {
		if err := answered(w, verb+" "+activeArgument(verb, to), "501"); err != nil {
			return err
		}
	}
	if err := answered(w, "RETR "+nextFile, "425", "503"); err != nil {
		return err
	}
	if err := a.unseen("PORT", "EPRT"); err != nil {
		return err
	}
	if err := unharmed(); err != nil {
		return err
	}
	return a.well(w)
}

func (a *assault) lowPort() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	for _, port := range []int{0, 1, 22, 25, 139, 1023} {
		for _, line := range []string{
			fmt.Sprintf("PORT 127,0,0,1,%d,%d", port>>8, port&255), fmt.Sprintf("EPRT |1|127.0.0.1|%d|", port),
			fmt.Sprintf("PORT 0,0,0,0,%d,%d", port>>8, port&255),
		} {
			if err := answered(w, line, "501"); err != nil {
				return err
			}
		}
	}
	if err := a.unseen("PORT", "EPRT"); err != nil {
		return err
	}
	return a.well(w)
}

// oddPort sends what some server takes for an address and another does not.
func (a *assault) oddPort() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	for _, line := range []string{
		"PORT 383,0,0,1,31,144", "PORT -129,0,0,1,31,144", "PORT 127,0,0,1,31,144,5", "PORT 127,0,0,1,31",
		"PORT 127,0,0,1,287,144", "PORT (127,0,0,1,31,144)", "PORT\t127,0,0,1,31,144xyz", "PORT 127,0,0,1,31,+144",
		"PORT", "PORT ", "EPRT |1|127.0.0.1|74000|", "EPRT |1|127.0.0.1|-60000|", "EPRT |1|localhost|4100|",
		"EPRT ||127.0.0.1|4100|", "EPRT |||4100|", "EPRT |1|127.0.0.1|4100|x|", "EPRT",
		"EPRT |3|127.0.0.1|4100|", "EPRT |2|::ffff:10.9.9.1|4100|", "LPRT 4,4,10,9,9,1,2,16,4", "LPSV", "CPSV", "SPSV",
	} {
		if err := answered(w, line, "501", "522", "502"); err != nil {
			return err
		}
	}
	if err := a.unseen("PORT", "EPRT", "LPRT", "LPSV", "CPSV", "SPSV"); err != nil {
		return err
	}
	return a.well(w)
}

func (a *assault) lowPassive() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	// Where the bridge is tried, the server refuses that way, too.
	bad := testenv.Faults{
		PassiveText: "227 Entering Passive Mode (127,0,0,1,0,22).", ExtendedText: "229 Entering Extended Passive Mode (|||22|)",
		Replies: map[string]string{"PORT": "500 no", "EPRT": "500 no"},
	}
	a.ftp.SetFaults(bad)
	before := a.dials()
	for _, verb := range []string{"PASV", "EPSV"} {
		if err := answered(w, verb, "425", "500"); err != nil {
			return err
		}
	}
	if n := a.dials() - before; n > 0 {
		return fmt.Errorf("%d connections were dialled", n)
	}
	return a.well(w)
}

// neighbour has the server name other hosts: the data must come from the
// control connection's, and the others stay in peace.
func (a *assault) neighbour() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	at, unharmed, err := victim(a, "127.0.0.2")
	if err != nil {
		return err
	}
	for _, host := range []string{"127.0.0.2", "10.9.9.1", "169.254.169.254", "0.0.0.0"} {
		a.ftp.SetFaults(testenv.Faults{Masquerade: netip.MustParseAddr(host)})
		got, err := w.fetch("PASV", nextFile)
		if err != nil || got != a.tree.SHA256(nextFile) {
			return fmt.Errorf("a 227 with %s: hash %s, %v", host, got, err)
		}
	}
	// The victim's own port, at the control connection's host, has nobody.
	numbers := strings.TrimPrefix(activeArgument("PORT", at), "")
	a.ftp.SetFaults(testenv.Faults{
		PassiveText: "227 Entering Passive Mode (" + numbers + ").",
		Replies:     map[string]string{"PORT": "500 no", "EPRT": "500 no", "EPSV": "500 no"},
	})
	if line, err := w.ask("PASV"); err != nil {
		return err
	} else if strings.HasPrefix(line, "227") {
		addr, err := passiveAddress(w.conn.RemoteAddr(), line)
		if err != nil {
			return err
		}
		if strings.HasSuffix(addr, fmt.Sprint(":", at.Port())) {
			return fmt.Errorf("the client got the victim's port: %q", line)
		}
	}
	if err := unharmed(); err != nil {
		return err
	}
	if err := a.onlyTarget(); err != nil {
		return err
	}
	return a.well(w)
}

func (a *assault) deadPort() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	a.ftp.SetFaults(testenv.Faults{DeadPort: true, Replies: map[string]string{"PORT": "500 no", "EPRT": "500 no"}})
	for _, verb := range []string{"PASV", "EPSV"} {
		if err := answered(w, verb, "425"); err != nil {
			return err
		}
	}
	return a.well(w)
}
