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
	for _, way := range []struct{ program, name, alias, how string }{
		{s.program, ftptunnel, "near", ""},
		{s.program, ftptunnel, "behind", throughJump},
		{s.plain, plain, "behind", throughJump},
	} {
		if way.program == "" {
			continue // a program was given
		}
		p, err := s.tunnelBy(way.program, way.alias, fmt.Sprint("127.0.0.1:", s.ftp.Port))
		if err != nil {
			return err
		}
		p.name = way.name
		err = s.oneAndFour(p, way.how)
		p.stop()
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) oneAndFour(p *peer, how string) error {
	for run := range s.options.runs + 1 {
		for _, n := range []int{1, 4} {
			all, err := s.several(p, n)
			if err != nil {
				return err
			}
			if run > 0 {
				name := fmt.Sprintf("%d at once%s", n, how)
				s.results.add(key{name, s.link, p.name}, megabytes, measured{value: joint(all)})
			}
		}
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
