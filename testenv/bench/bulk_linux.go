package main

import (
	"slices"
	"time"
)

// loopbackTimes is how many times as often as the others transfers on loopback
// are made: there the rates of uploads scatter by a factor of three, those of
// direct FTP as well, and a median of a few means little.
const loopbackTimes = 3

// bulk is one transfer at a time.
func (s *scene) bulk() error {
	for _, d := range []struct {
		name string
		one  func(*scene, *peer, string) (transfer, error)
		held []string // peers that move less over a link, see partSize
	}{
		{"get", (*scene).get, []string{sshL, sshD}},
		{"put", (*scene).put, []string{ftptunnel, sshL, sshD}},
	} {
		if err := s.oneWay(d.name, d.one, d.held); err != nil {
			return err
		}
	}
	return nil
}

// oneWay compares the peers in one direction.
func (s *scene) oneWay(name string, one func(*scene, *peer, string) (transfer, error), held []string) error {
	var peers []*peer
	defer func() {
		for _, p := range peers {
			p.stop()
		}
	}()
	for _, n := range []string{direct, ftptunnel, sshL, sshD} {
		p, err := s.peer(n)
		if err != nil {
			return err
		}
		peers = append(peers, p)
	}
	runs := s.options.runs
	if s.link == loopback {
		runs *= loopbackTimes
	}
	// The first round warms up: caches, learnt modes, the server's processes.
	for run := range runs + 1 {
		for _, p := range peers {
			m, err := s.observe(p, func() (transfer, error) { return one(s, p, s.fileFor(p.name, held)) })
			if err != nil {
				return err
			}
			if run > 0 {
				s.results.add(key{name, s.link, p.name}, megabytes, m)
			}
		}
	}
	return nil
}

// fileFor is the file that a peer moves.
func (s *scene) fileFor(name string, held []string) string {
	if s.link != loopback && slices.Contains(held, name) {
		return partFile
	}
	return bigFile
}

// observe runs a transfer through a peer and watches the peer's program.
func (s *scene) observe(p *peer, run func() (transfer, error)) (measured, error) {
	if p.proc == nil {
		t, err := run()
		return measured{value: t.rate() / 1e6}, err
	}
	if err := p.proc.forgetPeak(); err != nil {
		return measured{}, err
	}
	before, err := p.proc.cpu()
	if err != nil {
		return measured{}, err
	}
	t, err := run()
	if err != nil {
		return measured{}, err
	}
	after, err := p.proc.cpu()
	if err != nil {
		return measured{}, err
	}
	peak, err := p.proc.peak()
	return measured{t.rate() / 1e6, perGB(after-before, t.bytes), peak}, err
}

// perGB is processor time in seconds per 10⁹ bytes.
func perGB(cpu time.Duration, bytes int64) float64 { return cpu.Seconds() / (float64(bytes) / 1e9) }
