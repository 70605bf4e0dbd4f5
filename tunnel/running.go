package tunnel

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"ftptunnel/ftpinspect"
)

// Running is a transfer that the server has begun and that has not ended, as it
// is at one moment.
type Running struct {
	Number    uint64 // of the transfer, from 1 within a Tunnel
	Session   uint64
	Target    string // the FTP server, host:port
	Path      string // the command's argument, raw
	Verb      string
	Direction ftpinspect.Direction
	Size      int64 // bytes that it will carry, as the dialogue has told; 0 if it has not
	Bytes     int64 // passed on so far
	Began     time.Time
}

// Running returns the transfers that run, in the order in which they began. It
// reads counters and holds nothing up.
func (t *Tunnel) Running() []Running { return t.running.list() }

// running are the transfers that run. The zero value is ready.
type running struct {
	mu   sync.Mutex // guards what follows, and each counted's flow
	last uint64
	all  map[*transfer]*counted
}

// counted is a transfer and what counts its bytes.
type counted struct {
	Running
	flow *flow // nil if its data connection has not come
}

// add numbers a transfer that has begun.
func (r *running) add(s *session, t *transfer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = map[*transfer]*counted{}
	}
	r.last++
	r.all[t] = &counted{Running: Running{
		Number: r.last, Session: s.id, Target: s.target, Path: t.Path, Verb: t.Verb,
		Direction: t.Direction, Size: t.size, Began: t.began,
	}}
}

// count says which flow carries a transfer.
func (r *running) count(t *transfer, f *flow) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.all[t]; c != nil {
		c.flow = f
	}
}

// remove forgets a transfer that has ended.
func (r *running) remove(t *transfer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, t)
}

func (r *running) list() []Running {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Running
	for _, c := range r.all {
		now := c.Running
		if c.flow != nil {
			now.Bytes = c.flow.bytes.Load()
		}
		all = append(all, now)
	}
	slices.SortFunc(all, func(a, b Running) int { return cmp.Compare(a.Number, b.Number) })
	return all
}
