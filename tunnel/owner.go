package tunnel

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// owner is the user of this machine that a connection comes from.
type owner struct {
	local bool // the peer is a socket of this machine, and uid its owner
	uid   uint32
}

func (o owner) isSelf() bool { return int64(o.uid) == int64(os.Getuid()) }

// errNoOwner is for a socket that no process holds any more. The kernel
// reports user 0 for it.
var errNoOwner = errors.New("the socket has no owner")

// ownerOf finds out whose socket the peer of c is. It is the zero value if the
// peer is not on this machine, is not a socket at all, or if this system does
// not tell. The error is errNoOwner for a socket that was closed already.
func ownerOf(c net.Conn) (owner, error) {
	if _, ok := c.(syscall.Conn); !ok {
		return owner{}, nil // what came through another machine
	}
	peer, here := withoutZone(addrPort(c.RemoteAddr())), withoutZone(addrPort(c.LocalAddr()))
	if !peer.IsValid() || !here.IsValid() {
		return owner{}, nil
	}
	if !peer.Addr().IsLoopback() && peer.Addr() != here.Addr() {
		return owner{}, nil
	}
	return socketOwner(peer, here)
}

// withoutZone is an address as the kernel lists it, which names no zone.
func withoutZone(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().WithZone(""), a.Port())
}

// refuses reports whether somebody who came for one end of a data connection is
// a stranger.
func (d *dataConn) refuses(end Peer, c net.Conn) (Refusal, bool) {
	if end == Server {
		return ForeignAddress, d.foreignServer(addrPort(c.RemoteAddr()).Addr())
	}
	peer := addrPort(c.RemoteAddr()).Addr()
	known := d.s.clientAddr.Addr()
	foreign := known.IsValid() && peer != known
	if foreign && !d.s.t.FXP {
		return ForeignAddress, true
	}
	if !d.s.owner.local {
		return 0, false // the address alone decides
	}
	o, err := ownerOf(c)
	switch {
	case foreign && err == nil && !o.local: // from a third host
	case err != nil || !o.local:
		return UnknownUser, true
	case o.uid != d.s.owner.uid:
		return ForeignUser, true
	}
	return 0, false
}

// foreignServer reports whether an originator cannot be the FTP server: it
// comes from outside on a loopback forward, or from another host than the one
// that is known to be the server's. An address that is not told is let pass.
func (d *dataConn) foreignServer(from netip.Addr) bool {
	if !from.IsValid() || d.s.t.FXP {
		return false
	}
	at := d.want.Server.Host
	if a, err := netip.ParseAddr(at); at == "localhost" || err == nil && a.IsLoopback() {
		return !from.IsLoopback()
	}
	server, err := netip.ParseAddr(d.s.serverHost)
	return err == nil && from.WithZone("") != server.Unmap().WithZone("")
}
