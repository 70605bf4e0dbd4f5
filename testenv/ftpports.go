package testenv

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

func (s *ftpSession) doPasv(string) {
	f := s.server.currentFaults()
	switch {
	case s.epsvAll:
		s.say("550 PASV is disallowed after EPSV ALL.")
		return
	case s.localAddr().Is6() && f.PassiveText == "":
		s.say("425 PASV is for IPv4, use EPSV.")
		return
	}
	at, err := s.listenData()
	if err != nil {
		s.say("425 Cannot listen.")
		return
	}
	if f.Masquerade.IsValid() {
		at = netip.AddrPortFrom(f.Masquerade, at.Port())
	}
	text := f.PassiveText
	if text == "" {
		text = "227 Entering Passive Mode ({h},{p})."
	}
	s.say(fillIn(text, at))
}

func (s *ftpSession) doEpsv(arg string) {
	f := s.server.currentFaults()
	family := s.family()
	switch strings.ToUpper(arg) {
	case "ALL":
		s.epsvAll = true
		s.say("200 EPSV ALL ok.")
		return
	case "", family:
	default:
		s.say("522 Network protocol not supported, use (" + family + ")")
		return
	}
	at, err := s.listenData()
	if err != nil {
		s.say("425 Cannot listen.")
		return
	}
	text := f.ExtendedText
	if text == "" {
		text = "229 Entering Extended Passive Mode (|||{port}|)"
	}
	s.say(fillIn(text, at))
}

// family is the address family of the control connection, as RFC 2428 counts.
func (s *ftpSession) family() string {
	if s.localAddr().Is6() {
		return "2"
	}
	return "1"
}

// fillIn puts the address and port into a 227 or 229, see Faults. An IPv6
// address has no numbers of a 227, and is written there as vsftpd does.
func fillIn(text string, at netip.AddrPort) string {
	host := "0,0,0,0"
	if at.Addr().Is4() {
		host = strings.ReplaceAll(at.Addr().String(), ".", ",")
	}
	high, low := strconv.Itoa(int(at.Port()>>8)), strconv.Itoa(int(at.Port()&0xff))
	return strings.NewReplacer("{h}", host, "{p}", high+","+low, "{p1}", high, "{p2}", low,
		"{addr}", at.Addr().String(), "{port}", strconv.Itoa(int(at.Port()))).Replace(text)
}

func (s *ftpSession) doPort(arg string) {
	if s.epsvAll {
		s.say("550 PORT is disallowed after EPSV ALL.")
		return
	}
	var b [6]byte
	fields := strings.Split(strings.TrimSpace(arg), ",")
	for i, field := range fields {
		n, err := strconv.ParseUint(field, 10, 8)
		if err != nil || len(fields) != len(b) {
			s.say("501 Syntax error in parameters.")
			return
		}
		b[i] = byte(n)
	}
	s.setActive("PORT", netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[:4])), uint16(b[4])<<8|uint16(b[5])))
}

func (s *ftpSession) doEprt(arg string) {
	var fields []string
	if arg != "" {
		fields = strings.Split(arg, arg[:1])
	}
	if len(fields) != 5 {
		s.say("501 Bad EPRT command.")
		return
	}
	addr, err := netip.ParseAddr(fields[2])
	port, err2 := strconv.ParseUint(fields[3], 10, 16)
	local := s.localAddr()
	switch {
	case s.epsvAll:
		s.say("550 EPRT is disallowed after EPSV ALL.")
	case fields[1] != s.family():
		s.say("522 Network protocol not supported, use (" + s.family() + ")")
	case err != nil, err2 != nil, addr.Is4() != local.Is4():
		s.say("501 Bad EPRT command.")
	default:
		s.setActive("EPRT", netip.AddrPortFrom(addr.WithZone(""), uint16(port)))
	}
}

// setActive takes the address of a PORT or EPRT. The unspecified address is
// the client's own: lftp says so on an IPv6 loopback.
func (s *ftpSession) setActive(verb string, at netip.AddrPort) {
	f := s.server.currentFaults()
	if at.Addr().IsUnspecified() {
		at = netip.AddrPortFrom(s.peerAddr(), at.Port())
	}
	if !f.Foreign && at.Addr() != s.peerAddr() || at.Port() < 1024 {
		s.say("500 Illegal " + verb + " command.")
		return
	}
	p := &activePath{addr: at, dialer: net.Dialer{Timeout: dataTimeout}}
	if at.Addr() == s.peerAddr() {
		p.dialer.LocalAddr = &net.TCPAddr{IP: s.localAddr().AsSlice()}
	}
	s.setData(p)
	if f.EarlyDial {
		s.dialEarly(p)
	}
	s.say("200 " + verb + " command successful.")
}

// dialEarly connects before the reply. Where that fails, the transfer will.
func (s *ftpSession) dialEarly(p *activePath) {
	ctx, cancel := context.WithTimeout(s.server.ctx, dataTimeout)
	defer cancel()
	p.early, _ = p.dialer.DialContext(ctx, "tcp", p.addr.String())
}
