package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"ftptunnel/testenv/daemons/clients"
)

// fetchBy is a client in a mode through a peer.
type fetchBy struct {
	fetcher
	*peer
}

// fetched is one run of it.
type fetched struct {
	rate float64
	err  error
}

// abreast is how many runs of each client are under way over a link at once.
const abreast = 2

// small is many small files over one control connection.
//
// On a link nearly all the time is spent waiting for it, so the clients run
// side by side there. Each kind has a tunnel of its own.
func (s *scene) small() error {
	all, err := s.fetchThrough()
	defer func() {
		for _, f := range all {
			f.stop()
		}
	}()
	if err != nil {
		return err
	}
	for left := s.options.runs; left > 0; {
		runs := 1
		if s.link != loopback {
			runs = min(left, abreast)
		}
		left -= runs
		if err := s.fetchAll(all, runs); err != nil {
			return err
		}
	}
	return s.unchanged()
}

// unchanged is lftp's mirror of the small files when it has them all: it looks
// at the time of each.
func (s *scene) unchanged() error {
	for _, name := range []string{direct, ftptunnel} {
		p, err := s.peer(name)
		if err != nil {
			return err
		}
		err = s.mirrorAgain(p)
		p.stop()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s *scene) mirrorAgain(p *peer) error {
	dir, err := os.MkdirTemp(s.local, "mirror-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for run := range s.options.runs + 1 {
		start := time.Now()
		if _, err := s.runClient(s.lftp(p, clients.EPSV, dir)); err != nil {
			return err
		}
		took := time.Since(start)
		if err := complete(dir, s.options.files); err != nil {
			return err
		}
		if run > 0 {
			s.results.add(key{"lftp's mirror, nothing new", s.link, p.name}, filesASecond,
				measured{value: float64(s.options.files) / took.Seconds()})
		}
	}
	return nil
}

// fetchThrough starts the peers for every client.
func (s *scene) fetchThrough() ([]fetchBy, error) {
	var all []fetchBy
	for _, f := range fetchers() {
		names := []string{direct, ftptunnel}
		if s.has("--prefetch") && f.mode.Passive() {
			names = append(names, prefetch)
		}
		if f == (fetcher{"curl", clients.EPSV}) {
			names = append(names, sshL, sshD) // the others cannot
		}
		for _, name := range names {
			p, err := s.peer(name)
			if err != nil {
				return all, err
			}
			all = append(all, fetchBy{f, p})
		}
	}
	return all, nil
}

// fetchAll runs every client the given number of times.
func (s *scene) fetchAll(all []fetchBy, runs int) error {
	outcomes := make([]fetched, len(all)*runs)
	var clients sync.WaitGroup
	for i := range outcomes {
		f := all[i%len(all)]
		run := func() { outcomes[i].rate, outcomes[i].err = s.fetch(f.fetcher, f.peer) }
		if s.link == loopback {
			run()
		} else {
			clients.Go(run)
		}
	}
	clients.Wait()
	for i, o := range outcomes {
		f := all[i%len(all)]
		if o.err != nil {
			return fmt.Errorf("%s by %s: %w", f.fetcher, f.peer.name, o.err)
		}
		s.results.add(key{"small files, " + f.fetcher.String(), s.link, f.peer.name}, filesASecond, measured{value: o.rate})
	}
	return nil
}

// together runs f n times at once and joins the errors.
func together(n int, f func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}
