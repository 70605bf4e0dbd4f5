package main

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// dataEnd is the client's end of a data connection: one that it has dialled,
// or the listener that the server dials.
type dataEnd struct {
	conn     net.Conn
	listener *net.TCPListener
}

// open returns the connection. For a listener the server must have begun the
// transfer.
func (e *dataEnd) open() (net.Conn, error) {
	if e.conn != nil {
		return e.conn, nil
	}
	_ = e.listener.SetDeadline(time.Now().Add(stepTimeout))
	return e.listener.Accept()
}

func (e *dataEnd) close() {
	if e.conn != nil {
		e.conn.Close()
	}
	if e.listener != nil {
		e.listener.Close()
	}
}

// announce sends PASV, EPSV, PORT or EPRT and returns the client's end.
func (c *ftpClient) announce(mode string) (*dataEnd, error) {
	if mode == "PORT" || mode == "EPRT" {
		return c.announceActive(mode)
	}
	text, err := c.command(map[string]int{"PASV": 227, "EPSV": 229}[mode], "%s", mode)
	if err != nil {
		return nil, err
	}
	addr, err := passiveAddress(c.conn.RemoteAddr(), text)
	if err != nil {
		return nil, err
	}
	conn, err := net.DialTimeout("tcp", addr, stepTimeout)
	return &dataEnd{conn: conn}, err
}

// announceActive listens on the control connection's own address and says so.
func (c *ftpClient) announceActive(mode string) (*dataEnd, error) {
	local := c.conn.LocalAddr().(*net.TCPAddr)
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: local.IP})
	if err != nil {
		return nil, err
	}
	a := l.Addr().(*net.TCPAddr).AddrPort()
	if _, err := c.command(200, "%s %s", mode, activeArgument(mode, a)); err != nil {
		l.Close()
		return nil, err
	}
	return &dataEnd{listener: l}, nil
}

// passiveAddress reads a 227 or 229 as a browser would: it obeys the address
// in a 227, and so shows whether that is the right one.
func passiveAddress(control net.Addr, text string) (string, error) {
	from, to := strings.IndexByte(text, '('), strings.IndexByte(text, ')')
	if from < 0 || to < from {
		return "", fmt.Errorf("no address in %q", text)
	}
	inside := text[from+1 : to]
	if rest, ok := strings.CutPrefix(inside, "|||"); ok {
		host, _, err := net.SplitHostPort(control.String())
		return net.JoinHostPort(host, strings.TrimSuffix(rest, "|")), err
	}
	var n [6]byte
	fields := strings.Split(inside, ",")
	if len(fields) != len(n) {
		return "", fmt.Errorf("no address in %q", text)
	}
	for i, f := range fields {
		v, err := strconv.ParseUint(f, 10, 8)
		if err != nil {
			return "", fmt.Errorf("no address in %q", text)
		}
		n[i] = byte(v)
	}
	port := uint16(n[4])<<8 | uint16(n[5])
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(n[:4])), port).String(), nil
}

// activeArgument words an address for PORT or EPRT.
func activeArgument(mode string, a netip.AddrPort) string {
	if mode == "EPRT" {
		return fmt.Sprintf("|1|%s|%d|", a.Addr(), a.Port())
	}
	host := strings.ReplaceAll(a.Addr().String(), ".", ",")
	return fmt.Sprintf("%s,%d,%d", host, a.Port()>>8, a.Port()&0xff)
}
