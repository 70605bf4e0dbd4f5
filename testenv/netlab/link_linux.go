package netlab

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Packets are as large as a TUN device carries well, because each costs a
// system call on both sides; devices queue what a full window brings at once.
const (
	linkMTU   = 16000
	linkQueue = "20000"
)

// Link is a long line between two hosts: every packet arrives half a round
// trip after it was sent, handshakes included, and none is lost. It has no
// limit of its own on the rate.
type Link struct {
	ends [2]*os.File // TUN devices
	wg   sync.WaitGroup
	once sync.Once
	err  error // of Close
}

// LinkAvailable returns why links cannot be made here, or nil.
func LinkAvailable() error {
	if err := Available(); err != nil {
		return err
	}
	f, err := os.OpenFile(tunDevice, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("links with delay need TUN devices: %w", err)
	}
	return f.Close()
}

// NewLink joins two hosts by a link with the given round trip time. Of the
// subnet, a gets the first address after the network's and b the second. The
// caller closes the link before the hosts.
func NewLink(a, b *Host, subnet netip.Prefix, rtt time.Duration) (*Link, error) {
	l := &Link{}
	first := subnet.Masked().Addr().Next()
	for i, h := range []*Host{a, b} {
		addr := first
		if i == 1 {
			addr = first.Next()
		}
		var err error
		if l.ends[i], err = h.newTUN(addr, subnet); err != nil {
			l.Close()
			return nil, err
		}
	}
	for i, from := range l.ends {
		d := newDelay(rtt / 2)
		l.wg.Go(func() { d.receive(from) })
		l.wg.Go(func() { d.send(l.ends[1-i]) })
	}
	return l, nil
}

// Close takes the link down. What is on its way is lost.
func (l *Link) Close() error {
	l.once.Do(func() {
		for _, end := range l.ends {
			if end != nil {
				l.err = errors.Join(l.err, end.Close())
			}
		}
		l.wg.Wait()
	})
	return l.err
}

// newTUN makes a TUN device on the host, with an address, and switches it on.
func (h *Host) newTUN(addr netip.Addr, subnet netip.Prefix) (*os.File, error) {
	device := h.nextDevice()
	var tun *os.File
	err := h.Do(func() (err error) {
		tun, err = openTUN(device)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("host %s: %w", h.name, err)
	}
	err = h.ip("link", "set", device, "mtu", fmt.Sprint(linkMTU), "txqueuelen", linkQueue)
	if err == nil {
		err = h.connect(device, addr, subnet)
	}
	if err != nil {
		tun.Close()
		return nil, err
	}
	return tun, nil
}
