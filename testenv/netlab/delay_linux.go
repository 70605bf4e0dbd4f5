package netlab

import (
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// delay is one direction of a link.
type delay struct {
	time    time.Duration
	transit chan packet
	large   buffers
	small   buffers
}

type packet struct {
	data []byte
	due  time.Time
	from *buffers
}

const (
	// transitCap bounds the packets on their way. When it is reached they wait
	// in the device's queue instead.
	transitCap = 1 << 15

	// smallSize is enough for a TCP segment without data. Most packets that
	// carry none are acknowledgements, and would fill the memory in buffers of
	// the largest size.
	smallSize = 128

	// punctual is how much too early a packet may arrive. A pause is not worth
	// its system call below that.
	punctual = 20 * time.Microsecond
)

func newDelay(t time.Duration) *delay {
	return &delay{
		time:    t,
		transit: make(chan packet, transitCap),
		large:   buffers{size: linkMTU},
		small:   buffers{size: smallSize},
	}
}

// receive takes packets from a device until it is closed.
func (d *delay) receive(from *os.File) {
	defer close(d.transit)
	scratch := d.large.get()
	for {
		n, err := from.Read(scratch)
		if err != nil {
			return
		}
		p := packet{scratch[:n], time.Now().Add(d.time), &d.large}
		if n <= smallSize {
			p.data, p.from = d.small.get()[:n], &d.small
			copy(p.data, scratch)
		} else {
			scratch = d.large.get()
		}
		d.transit <- p
	}
}

// send gives packets to a device when they are due. The thread is its own, so
// that the kernel's timers for it can be exact.
func (d *delay) send(to *os.File) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err == nil {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
		defer unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0)
	}
	for p := range d.transit {
		pauseUntil(p.due)
		_, _ = to.Write(p.data) // it fails when the link is being taken down
		p.from.put(p.data)
	}
}

// pauseUntil sleeps with the kernel's resolution: the runtime's timers are
// rounded to milliseconds.
func pauseUntil(due time.Time) {
	for {
		left := time.Until(due)
		if left <= punctual {
			return
		}
		t := unix.NsecToTimespec(int64(left))
		_ = unix.Nanosleep(&t, nil) // cut short by a signal, it is repeated
	}
}

// buffers are byte slices of one size that are used again, the latest first:
// it is still in the processor's cache.
type buffers struct {
	size int

	mu   sync.Mutex
	free [][]byte // guarded by mu
}

func (b *buffers) get() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := len(b.free) - 1
	if last < 0 {
		return make([]byte, b.size)
	}
	data := b.free[last]
	b.free = b.free[:last]
	return data
}

func (b *buffers) put(data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free = append(b.free, data[:b.size])
}
