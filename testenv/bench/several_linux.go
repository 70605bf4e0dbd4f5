package main

import (
	"fmt"
	"slices"
	"time"

	"ftptunnel/testenv/daemons/clients"
)

// several downloads the same file n times at once and returns the transfers.
func (s *scene) several(p *peer, n int) ([]transfer, error) {
	all := make([]transfer, n)
	err := together(n, func(i int) (err error) {
		all[i], err = s.get(p, severalFile)
		return err
	})
	return all, err
}

// joint is what transfers that run side by side move together, in MB/s: from
// the first one's begin to the last one's end.
func joint(all []transfer) float64 {
	var bytes int64
	for _, t := range all {
		bytes += t.bytes
	}
	first := slices.MinFunc(all, func(a, b transfer) int { return a.begin.Compare(b.begin) })
	last := slices.MaxFunc(all, func(a, b transfer) int { return a.end.Compare(b.end) })
	return float64(bytes) / 1e6 / last.end.Sub(first.begin).Seconds()
}

// parallel is one and four downloads, to the SSH server itself and to one
// behind it (ProxyJump), there also with windows that do not grow: several
// connections are for what a window limits.
func (s *scene) parallel() error {
	by := func(program, name, alias string) func() (*peer, error) {
		return func() (*peer, error) {
			p, err := s.tunnelBy(program, alias, s.target())
			if err == nil {
				p.name = name
			}
			return p, err
		}
	}
	behind := by(s.program, ftptunnel, "behind")
	type way struct {
		how   string
		start func() (*peer, error)
	}
	ways := []way{
		{"", by(s.program, ftptunnel, "near")},
		{throughJump, behind},
		{throughJump, func() (*peer, error) { return s.socks("behind") }},
	}
	if s.plain != "" { // no program was given
		ways = append(ways, way{throughJump, by(s.plain, plain, "behind")})
	}
	for _, way := range ways {
		p, err := way.start()
		if err != nil {
			return err
		}
		err = s.oneAndFour(p, way.how)
		p.stop()
		if err != nil {
			return err
		}
	}
	return s.justStarted(behind)
}

func (s *scene) oneAndFour(p *peer, how string) error {
	for run := range s.options.runs + 1 {
		for _, n := range []int{1, 4} {
			rate, err := s.rateOf(p, n)
			if err != nil {
				return err
			}
			if run > 0 {
				s.results.add(key{fmt.Sprintf("%d at once%s", n, how), s.link, p.name}, megabytes, rate)
			}
		}
	}
	return nil
}

func (s *scene) rateOf(p *peer, n int) (measured, error) {
	all, err := s.several(p, n)
	if err != nil {
		return measured{}, err
	}
	return measured{value: joint(all)}, nil
}

// justStarted is four downloads that are the first that a tunnel carries: its
// further connections through the jump host are yet to be made.
func (s *scene) justStarted(start func() (*peer, error)) error {
	for range s.options.runs {
		p, err := start()
		if err != nil {
			return err
		}
		rate, err := s.rateOf(p, 4)
		p.stop()
		if err != nil {
			return err
		}
		s.results.add(key{"4 at once" + throughJump + ", just started", s.link, p.name}, megabytes, rate)
	}
	return nil
}

// fair is how evenly eight downloads share.
func (s *scene) fair() error {
	for _, name := range []string{direct, ftptunnel} {
		p, err := s.peer(name)
		if err != nil {
			return err
		}
		defer p.stop()
		for range s.options.runs {
			all, err := s.several(p, 8)
			if err != nil {
				return err
			}
			s.results.add(key{"eight at once, fairness", s.link, name}, jainIndex, measured{value: jain(all)})
		}
	}
	return nil
}

// jain is Jain's index of fairness: 1 if all rates are equal, 1/n if one has
// everything (R. Jain et al., DEC-TR-301, 1984).
func jain(all []transfer) float64 {
	var sum, squares float64
	for _, t := range all {
		sum += t.rate()
		squares += t.rate() * t.rate()
	}
	return sum * sum / (float64(len(all)) * squares)
}

// stalled is four downloads alone, and beside a client that has stopped
// reading.
func (s *scene) stalled() error {
	p, err := s.peer(ftptunnel)
	if err != nil {
		return err
	}
	defer p.stop()
	for run := range s.options.runs + 1 {
		alone, err := s.several(p, 4)
		if err != nil {
			return err
		}
		beside, err := s.besideStalled(p)
		if err != nil {
			return err
		}
		if run > 0 {
			s.results.add(key{"4 at once, alone", s.link, p.name}, megabytes, measured{value: joint(alone)})
			s.results.add(key{"4 at once, beside a stalled one", s.link, p.name}, megabytes, measured{value: joint(beside)})
		}
	}
	return nil
}

func (s *scene) besideStalled(p *peer) ([]transfer, error) {
	slow, err := startOn(s.client, s.curl(p, clients.EPSV, "--limit-rate", "1", "-o", "/dev/null", p.url(severalFile)))
	if err != nil {
		return nil, err
	}
	defer slow.stop()
	// Long enough for its windows to fill: then it is a stalled one.
	time.Sleep(500*time.Millisecond + 10*s.rtt)
	return s.several(p, 4)
}
