package tunnel

import "ftptunnel/ftpinspect"

// kept is a copy of what a flow has passed on. The relay adds to it; when that
// has ended it may be read.
type kept struct{ text []byte }

func (k *kept) add(b []byte) {
	room := ftpinspect.MaxListing - len(k.text)
	k.text = append(k.text, b[:min(room, len(b))]...)
}

// keepListing has a copy kept of what the server sends next.
func (d *dataConn) keepListing() {
	d.keeps = true
	for _, p := range d.pairs {
		p.keepListing()
	}
}

func (p *pair) keepListing() {
	if p.transfer == nil && !p.ended {
		p.flows[ftpinspect.Download].kept.Store(new(kept))
	}
}

// takeListing returns the copy that was kept, if the listing has come to its end.
// The pair keeps it no longer.
func (p *pair) takeListing() []byte {
	k := p.flows[ftpinspect.Download].kept.Swap(nil)
	if k == nil || !p.done[ftpinspect.Download] {
		return nil
	}
	return k.text
}
