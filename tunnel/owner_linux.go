package tunnel

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"syscall"
)

// socketOwner asks the kernel for the owner of the socket that is connected
// from peer to here: by sock_diag(7), or in /proc/net/tcp where that does not
// answer.
func socketOwner(peer, here netip.AddrPort) (owner, error) {
	s, err := sockDiag(peer, here)
	if err != nil {
		s, err = procNet(peer, here)
	}
	switch {
	case err != nil:
		return owner{}, nil
	case s.inode == 0:
		return owner{}, errNoOwner
	}
	return owner{local: true, uid: s.uid}, nil
}

// socket is what the kernel tells of one.
type socket struct{ uid, inode uint32 }

var errNoSocket = errors.New("no such socket")

// Constants of linux/sock_diag.h and linux/inet_diag.h that package syscall
// does not have.
const (
	netlinkInetDiag  = 4
	sockDiagByFamily = 20
	inetDiagNoCookie = ^uint32(0)
	inetDiagReqLen   = 56
	inetDiagMsgLen   = 72
	tcpListen        = 10
)

// sockDiag asks for one socket by its four-tuple.
func sockDiag(peer, here netip.AddrPort) (socket, error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, netlinkInetDiag)
	if err != nil {
		return socket{}, err
	}
	defer syscall.Close(fd)
	// The kernel answers while the request is being sent; the limit is for
	// one that does not.
	limit := syscall.Timeval{Sec: 1}
	syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &limit)
	if err := syscall.Sendto(fd, diagRequest(peer, here), 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return socket{}, err
	}
	buf := make([]byte, 8192)
	n, _, err := syscall.Recvfrom(fd, buf, 0)
	if err != nil {
		return socket{}, err
	}
	return diagReply(buf[:n], peer, here)
}

// diagRequest is an inet_diag_req_v2 for one socket, with its header.
func diagRequest(peer, here netip.AddrPort) []byte {
	e := binary.NativeEndian
	b := make([]byte, syscall.SizeofNlMsghdr+inetDiagReqLen)
	e.PutUint32(b[0:], uint32(len(b)))
	e.PutUint16(b[4:], sockDiagByFamily)
	e.PutUint16(b[6:], syscall.NLM_F_REQUEST)
	r := b[syscall.SizeofNlMsghdr:]
	r[0], r[1] = syscall.AF_INET6, syscall.IPPROTO_TCP
	if peer.Addr().Is4() {
		r[0] = syscall.AF_INET // finds the mapped sockets of Java, too
	}
	e.PutUint32(r[4:], ^uint32(0)) // any state
	binary.BigEndian.PutUint16(r[8:], peer.Port())
	binary.BigEndian.PutUint16(r[10:], here.Port())
	copy(r[12:28], peer.Addr().AsSlice())
	copy(r[28:44], here.Addr().AsSlice())
	e.PutUint32(r[48:], inetDiagNoCookie)
	e.PutUint32(r[52:], inetDiagNoCookie)
	return b
}

// diagReply reads the answer. It may be a listening socket, which the kernel
// takes where there is no connected one.
func diagReply(b []byte, peer, here netip.AddrPort) (socket, error) {
	e := binary.NativeEndian
	if len(b) < syscall.SizeofNlMsghdr+4 {
		return socket{}, syscall.EBADMSG
	}
	m := b[syscall.SizeofNlMsghdr:]
	if e.Uint16(b[4:]) == syscall.NLMSG_ERROR {
		return socket{}, syscall.Errno(-int32(e.Uint32(m)))
	}
	if len(m) < inetDiagMsgLen || m[1] == tcpListen {
		return socket{}, errNoSocket
	}
	if diagAddr(m[0], m[4:6], m[8:24]) != peer || diagAddr(m[0], m[6:8], m[24:40]) != here {
		return socket{}, errNoSocket
	}
	return socket{uid: e.Uint32(m[64:]), inode: e.Uint32(m[68:])}, nil
}

func diagAddr(family byte, port, addr []byte) netip.AddrPort {
	if family == syscall.AF_INET {
		addr = addr[:4]
	}
	a, _ := netip.AddrFromSlice(addr)
	return netip.AddrPortFrom(a.Unmap(), binary.BigEndian.Uint16(port))
}
