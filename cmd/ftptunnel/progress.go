package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"time"

	"ftptunnel/tunnel"
)

// progress shows the transfers that run, as live lines. It looks at their
// counters a few times a second while any of them runs.
type progress struct {
	screen  *screen
	tunnels []*tunnel.Tunnel
	began   chan struct{} // a transfer has
	meters  map[metered]*meter
}

// metered names a transfer: by its tunnel's place and its own number.
type metered struct {
	tunnel int
	number uint64
}

const (
	progressTick = 250 * time.Millisecond

	// What is over sooner is not shown: a mirror of small files would
	// flicker.
	progressAfter = 500 * time.Millisecond
	listingAfter  = 2 * time.Second
)

// newProgress returns what shows progress on a screen, nil if there is none.
func newProgress(s *screen) *progress {
	if s == nil {
		return nil
	}
	return &progress{screen: s, began: make(chan struct{}, 1), meters: map[metered]*meter{}}
}

// note takes events into account. It does not block.
func (p *progress) note(e tunnel.Event) {
	if p == nil {
		return
	}
	if _, ok := e.(tunnel.TransferStarted); ok {
		select {
		case p.began <- struct{}{}:
		default: // it is known
		}
	}
}

// start shows what the services carry until stop, which takes the lines away
// and waits for the end.
func (p *progress) start(services []*service) (stop func()) {
	if p == nil {
		return func() {}
	}
	for _, s := range services {
		p.tunnels = append(p.tunnels, s.tunnel)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { p.run(ctx) })
	return func() {
		cancel()
		wg.Wait()
	}
}

// run waits for transfers and follows them.
func (p *progress) run(ctx context.Context) {
	defer p.screen.show(nil)
	resumed := make(chan os.Signal, 1)
	notifyResumed(resumed)
	defer signal.Stop(resumed)
	for {
		select {
		case <-ctx.Done():
			return
		case <-resumed:
		case <-p.began:
			p.follow(ctx, resumed)
		}
	}
}

// follow shows transfers until none runs any more.
func (p *progress) follow(ctx context.Context, resumed <-chan os.Signal) {
	tick := time.NewTicker(progressTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-resumed:
			p.screen.resumed()
		case now := <-tick.C:
			all := p.look(now)
			p.screen.show(layOut(all, now, p.screen))
			if len(all) == 0 {
				return
			}
		}
	}
}

// look reads the counters of all transfers that run.
func (p *progress) look(now time.Time) []*meter {
	var all []*meter
	meters := map[metered]*meter{}
	for i, t := range p.tunnels {
		for _, r := range t.Running() {
			name := metered{i, r.Number}
			m := p.meters[name]
			if m == nil {
				m = newMeter(r)
			}
			m.read(r, now)
			meters[name], all = m, append(all, m)
		}
	}
	p.meters = meters // without those that have ended
	return all
}
