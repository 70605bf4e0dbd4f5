package tunnel

import "time"

// alarms is what a session does later. It is owned by the session's goroutine,
// which waits for C and then calls ring: no timer needs a goroutine or has to
// be cancelled when the session ends.
type alarms struct {
	timer   *time.Timer
	pending []*alarm
}

// alarm is one thing to do at a time.
type alarm struct {
	at        time.Time
	do        func()
	cancelled bool
}

// after has do called by ring once d has passed.
func (a *alarms) after(d time.Duration, do func()) *alarm {
	n := &alarm{at: time.Now().Add(d), do: do}
	a.pending = append(a.pending, n)
	a.set()
	return n
}

// cancel forgets an alarm, also one that is due together with the one that is
// ringing; nil is none.
func (a *alarms) cancel(n *alarm) {
	if n != nil {
		n.cancelled = true
	}
	for i, p := range a.pending {
		if p == n {
			a.pending = append(a.pending[:i], a.pending[i+1:]...)
			return
		}
	}
}

// C is ready when ring has something to do.
func (a *alarms) C() <-chan time.Time {
	if a.timer == nil {
		return nil
	}
	return a.timer.C
}

// ring does what is due.
func (a *alarms) ring() {
	now := time.Now()
	var due []*alarm
	rest := a.pending[:0]
	for _, n := range a.pending {
		if n.at.After(now) {
			rest = append(rest, n)
		} else {
			due = append(due, n)
		}
	}
	clear(a.pending[len(rest):])
	a.pending = rest
	for _, n := range due {
		if !n.cancelled {
			n.do()
		}
	}
	a.set()
}

// set has the timer fire for the next alarm.
func (a *alarms) set() {
	if len(a.pending) == 0 {
		a.stop()
		return
	}
	next := a.pending[0].at
	for _, n := range a.pending[1:] {
		if n.at.Before(next) {
			next = n.at
		}
	}
	if a.timer == nil {
		a.timer = time.NewTimer(time.Until(next))
		return
	}
	a.timer.Reset(time.Until(next))
}

func (a *alarms) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}
