package sshconn

import (
	"io"
	"testing"
	"time"
)

// sender stands for a channel whose sender uses every byte it is granted.
type sender struct{ granted, sent, adjusted int }

func (s *sender) read([]byte) (int, error) { return 0, io.EOF }
func (s *sender) adjust(n int) error       { s.granted += n; s.adjusted++; return nil }
func (s *sender) controls() bool           { return true }

// link is a receiver at 50 ms from its sender, in virtual time.
type link struct {
	receiver
	sender sender
	now    time.Time
}

const linkRTT = 50 * time.Millisecond

func newLink() *link { return newLinkAt(&pace{}) }

func newLinkAt(p *pace) *link {
	l := &link{now: time.Unix(1000, 0), sender: sender{granted: baseWindow}}
	l.receiver = receiver{raw: &l.sender, window: baseWindow, began: l.now, pace: p, budget: transferWindows}
	return l
}

// carry has the sender send for some round trips, at most rate bytes in each.
func (l *link) carry(roundTrips, rate int) {
	for range roundTrips {
		n := min(rate, l.sender.granted-l.sender.sent)
		l.sender.sent += n
		l.now = l.now.Add(linkRTT)
		l.consumed(n)
		l.measure(linkRTT, l.now)
	}
}

func TestWindowFollowsTheTransfer(t *testing.T) {
	l := newLink()
	defer l.close()
	for _, phase := range []struct {
		rate, min, max int
		what           string
	}{
		{512 << 10, baseWindow, baseWindow, "a slow sender needs no more"},
		{8 << 20, 16 << 20, 16 << 20, "twice what a round trip carries"},
		{100 << 20, maxWindow, maxWindow, "no more than the limit of a channel"},
		{512 << 10, baseWindow, 4 << 20, "shrinks when it is not used"},
		{8 << 20, 16 << 20, 16 << 20, "and grows again"},
	} {
		l.carry(100, phase.rate)
		if l.window < phase.min || l.window > phase.max {
			t.Errorf("%s: %d bytes in a round trip, window %d, want %d to %d", phase.what, phase.rate, l.window, phase.min, phase.max)
		}
		if out := l.sender.granted - l.sender.sent + l.credit; out != l.window {
			t.Errorf("%s: the sender has %d bytes, the window is %d", phase.what, out, l.window)
		}
	}
}

// TestWindowIsRemembered: the second transfer of a connection does not start
// over, and takes its window as soon as it needs more than the first one.
func TestWindowIsRemembered(t *testing.T) {
	var p pace
	first := newLinkAt(&p)
	first.carry(20, 8<<20)
	first.close()
	second := newLinkAt(&p)
	defer second.close()
	second.consumed(baseWindow/2 - 1)
	if second.measure(linkRTT, second.now.Add(time.Millisecond)); second.window != baseWindow {
		t.Errorf("a window of %d bytes for less than half of one", second.window)
	}
	second.consumed(2)
	if second.measure(linkRTT, second.now.Add(time.Millisecond)); second.window != 16<<20 {
		t.Errorf("a window of %d bytes, the transfer before needed %d", second.window, 16<<20)
	}
	second.carry(100, 512<<10)
	third := newLinkAt(&p)
	defer third.close()
	if third.carry(1, 100<<20); third.window > 8<<20 {
		t.Errorf("a window of %d bytes after one that was too large", third.window)
	}
}

// TestUsualWindowLeavesRoom: many transfers that begin together get a part
// each of what is left.
func TestUsualWindowLeavesRoom(t *testing.T) {
	var p pace
	p.window.Store(maxWindow)
	for range 8 {
		l := newLinkAt(&p)
		defer l.close()
		l.carry(1, 100<<20)
		if l.window <= baseWindow {
			t.Errorf("a window of %d bytes for one of eight", l.window)
		}
	}
}

func TestExtraWindowIsBounded(t *testing.T) {
	before := transferWindows.granted.Load()
	var links []*link
	for range 8 {
		l := newLink()
		l.carry(20, 100<<20)
		links = append(links, l)
	}
	if extra := transferWindows.granted.Load(); extra > transferWindows.most || extra < transferWindows.most/2 {
		t.Errorf("eight links have %d bytes beyond their windows, at most %d are allowed", extra, transferWindows.most)
	}
	for _, l := range links {
		l.close()
		l.close()
	}
	if after := transferWindows.granted.Load(); after != before {
		t.Errorf("%d bytes are still counted", after-before)
	}
}

// TestIdleHopsLeaveRoom: connections through a jump host that have carried much
// keep their windows when they are idle; a transfer gets what it needs all the
// same.
func TestIdleHopsLeaveRoom(t *testing.T) {
	for range maxInner {
		hop := newLink()
		hop.budget = hopWindows
		defer hop.close()
		hop.carry(20, 100<<20)
	}
	transfer := newLink()
	defer transfer.close()
	if transfer.carry(20, 100<<20); transfer.window != maxWindow {
		t.Errorf("a window of %d bytes", transfer.window)
	}
}

// TestNoWindowIsLeft: a receiver that gets no more than it has goes on giving
// its window back in large pieces, and the connection forgets nothing.
func TestNoWindowIsLeft(t *testing.T) {
	for range 4 {
		l := newLink()
		defer l.close()
		l.carry(20, 100<<20)
	}
	var p pace
	p.window.Store(16 << 20)
	l := newLinkAt(&p)
	defer l.close()
	const piece = 32 << 10
	for range baseWindow / piece {
		l.consumed(piece)
		l.measure(linkRTT, l.now)
	}
	if l.window != baseWindow {
		t.Fatalf("a window of %d bytes where none was left", l.window)
	}
	if l.sender.adjusted > creditPieces {
		t.Errorf("%d messages give one window back", l.sender.adjusted)
	}
	if w := p.window.Load(); w != 16<<20 {
		t.Errorf("the connection remembers %d bytes", w)
	}
}

func TestClosedReceiverCountsNothing(t *testing.T) {
	before := transferWindows.granted.Load()
	growing := newLink()
	growing.close()
	growing.carry(20, 100<<20)
	shrinking := newLink()
	shrinking.carry(20, 100<<20)
	shrinking.close()
	shrinking.carry(100, 1000)
	if after := transferWindows.granted.Load(); after != before {
		t.Errorf("%d bytes are counted of closed channels", after-before)
	}
}
