package netlab

import (
	"fmt"
	"net/netip"
)

// Wire joins two hosts by a pair of virtual Ethernet devices. Of the subnet, a
// gets the first address after the network's and b the second. Each host
// reaches the other at that address and nothing beyond it.
func Wire(a, b *Host, subnet netip.Prefix) error {
	near, far := a.nextDevice(), b.nextDevice()
	if err := a.ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", b.path()); err != nil {
		return err
	}
	first := subnet.Masked().Addr().Next()
	if err := a.connect(near, first, subnet); err != nil {
		return err
	}
	return b.connect(far, first.Next(), subnet)
}

// connect gives a device its address and switches it on.
func (h *Host) connect(device string, addr netip.Addr, subnet netip.Prefix) error {
	at := netip.PrefixFrom(addr, subnet.Bits())
	args := []string{"addr", "add", at.String(), "dev", device}
	if addr.Is6() {
		args = append(args, "nodad") // an address is unusable while it is being checked
	}
	if err := h.ip(args...); err != nil {
		return err
	}
	return h.ip("link", "set", device, "up")
}

func (h *Host) nextDevice() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wires++
	return fmt.Sprint("net", h.wires)
}
