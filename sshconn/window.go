package sshconn

import (
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// Windows. In SSH a receiver grants the sender a window of bytes (RFC 4254,
// section 5.2), so that one transfer gets at most a window per round trip.
// x/crypto's is constant; on a long link that is far less than the link can
// carry. A receiver grows the window of its channel as TCP's receive buffer
// auto-tuning does: to twice what was consumed in a round trip. So it grows
// only while the window is what limits the transfer and the reader keeps up,
// and on a short link it does not grow at all. A transfer that outgrows its
// window is given at once what the last one on the connection came to need.
const (
	baseWindow   = 2 << 20  // x/crypto's channelWindowSize
	maxWindow    = 32 << 20 // of one channel
	creditPieces = 4        // a window is given back in pieces of this part of it
	maxCredit    = 1 << 20  // or of this size
	shrinkAfter  = time.Second
)

// budget bounds what receivers grant together beyond baseWindow.
type budget struct {
	granted atomic.Int64 // bytes
	most    int64
}

// The budgets of the process. A channel that carries a further SSH connection has
// one apart: what comes in it is read at once, but when its transfers are over it
// keeps the window that it was granted, for nothing comes any more of which some
// could be withheld. Transfers within it would find none left.
var (
	transferWindows = &budget{most: 96 << 20}
	hopWindows      = &budget{most: 128 << 20}
)

// pace is what the receivers of an SSH connection know of it together. Safe for
// concurrent use.
type pace struct {
	rtt    atomic.Int64 // shortest time that a channel took to open, in ns; 0 while it is unknown
	window atomic.Int64 // that a transfer last came to need, in bytes
}

// opened notes how long a channel has taken to open.
func (p *pace) opened(d time.Duration) {
	for {
		old := p.rtt.Load()
		if old != 0 && old <= int64(d) || p.rtt.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

// roundTrip is an upper bound of the round trip time, 0 if it is not known yet.
func (p *pace) roundTrip() time.Duration { return time.Duration(p.rtt.Load()) }

// crediting is a channel that is read without giving its window back, if it
// controls that at all.
type crediting interface {
	read(p []byte) (int, error)
	adjust(n int) error // grants the sender n bytes more
	controls() bool
}

// receiver reads a channel and decides how much the sender may send. It is
// owned by the channel's reader, but for close.
type receiver struct {
	raw    crediting
	pace   *pace
	budget *budget
	window int // granted, wherever its bytes are now
	credit int // consumed and not given back
	debt   int // to be withheld, for the window is to shrink

	began time.Time // of the round trip that is being measured
	got   int       // consumed in it
	low   time.Time // since when the window has been too large; zero if it is not

	extra  atomic.Int64 // this receiver's part of the budget
	closed atomic.Bool
}

func newReceiver(ch ssh.Channel, pace *pace) *receiver {
	return &receiver{raw: newRawChannel(ch), pace: pace, budget: transferWindows, window: baseWindow}
}

func (r *receiver) Read(p []byte) (int, error) {
	n, err := r.raw.read(p)
	if n > 0 && r.raw.controls() {
		r.consumed(n)
	}
	return n, err
}

// consumed gives back what the reader has taken, in pieces large enough that
// their messages cost little.
func (r *receiver) consumed(n int) {
	r.credit += n
	r.got += n
	if rtt := r.pace.roundTrip(); rtt > 0 {
		r.measure(rtt, time.Now())
	}
	if r.credit >= min(r.window/creditPieces, maxCredit) {
		r.giveBack()
	}
	if r.closed.Load() {
		r.close()
	}
}

func (r *receiver) giveBack() {
	withheld := min(r.debt, r.credit)
	r.debt -= withheld
	r.window -= withheld
	r.extra.Add(int64(-withheld))
	r.budget.granted.Add(int64(-withheld))
	if n := r.credit - withheld; n > 0 {
		r.raw.adjust(n) // fails only when the channel has ended, which Read will tell
	}
	r.credit = 0
}

// measure looks at the window once in a round trip, and within it as soon as
// more than half of the window has come.
func (r *receiver) measure(rtt time.Duration, now time.Time) {
	elapsed := now.Sub(r.began)
	if elapsed < rtt {
		if want := 2 * r.got; want > r.window {
			r.tune(want, now)
		}
		return
	}
	if !r.began.IsZero() && elapsed < 8*rtt {
		r.tune(2*int(int64(r.got)*int64(rtt)/int64(elapsed)), now)
	}
	r.began, r.got = now, 0
}

// tune moves the window towards want.
func (r *receiver) tune(want int, now time.Time) {
	switch {
	case want > r.window:
		r.low = time.Time{}
		r.grow(min(max(want, r.usual()), maxWindow) - r.window)
	case want >= r.window/4 || r.window == baseWindow:
		r.low = time.Time{}
	case r.low.IsZero():
		r.low = now
	case now.Sub(r.low) >= shrinkAfter:
		r.debt = max(0, r.window-max(want, baseWindow))
		r.pace.window.Store(int64(r.window - r.debt))
		r.low = time.Time{}
	}
}

// usual is the window that a transfer on this connection came to need, as far as
// enough is left for others that begin now.
func (r *receiver) usual() int {
	return min(int(r.pace.window.Load()), r.window+int(r.budget.most-r.budget.granted.Load())/4)
}

// grow grants n bytes more, as far as all receivers together may.
func (r *receiver) grow(n int) {
	r.debt = 0
	if n <= 0 {
		return
	}
	if over := r.budget.granted.Add(int64(n)) - r.budget.most; over > 0 {
		back := min(over, int64(n))
		r.budget.granted.Add(-back)
		if n -= int(back); n == 0 {
			return
		}
	}
	r.extra.Add(int64(n))
	r.window += n
	r.pace.window.Store(int64(r.window))
	r.credit += n
	r.giveBack()
}

// close gives this receiver's part of the budget back. It may be called at
// any time and more than once; what is read afterwards counts no more.
func (r *receiver) close() {
	r.closed.Store(true)
	r.budget.granted.Add(-r.extra.Swap(0))
}
