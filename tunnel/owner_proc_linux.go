package tunnel

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// procNet looks a socket up in /proc/net/tcp and /proc/net/tcp6. The latter
// holds the sockets of programs that use mapped addresses, as Java does.
func procNet(peer, here netip.AddrPort) (socket, error) {
	err := errNoSocket
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, openErr := os.Open(name)
		if openErr != nil {
			err = openErr
			continue
		}
		s, found := findProcSocket(f, peer, here)
		f.Close()
		if found {
			return s, nil
		}
	}
	return socket{}, err
}

// findProcSocket searches the lines of a file of proc(5):
//
//	sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …
func findProcSocket(r io.Reader, peer, here netip.AddrPort) (socket, bool) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 10 {
			continue
		}
		local, err := procAddr(f[1])
		if err != nil || local != peer {
			continue
		}
		if remote, err := procAddr(f[2]); err != nil || remote != here {
			continue
		}
		uid, uidErr := strconv.ParseUint(f[7], 10, 32)
		inode, inodeErr := strconv.ParseUint(f[9], 10, 32)
		if uidErr == nil && inodeErr == nil {
			return socket{uid: uint32(uid), inode: uint32(inode)}, true
		}
	}
	return socket{}, false
}

// procAddr reads an address: words of 32 bits in the machine's byte order,
// then the port, all in hexadecimal.
func procAddr(s string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(s, ":")
	b, err := hex.DecodeString(host)
	if err != nil || len(b)%4 != 0 {
		return netip.AddrPort{}, fmt.Errorf("bad address %q", s)
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	a, ok := netip.AddrFromSlice(b)
	p, err := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil {
		return netip.AddrPort{}, fmt.Errorf("bad address %q", s)
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(p)), nil
}
