package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"
)

// serving are services that carry clients.
type serving struct {
	services []*service
	hangUp   func() // ends the SSH connection
	cancel   context.CancelFunc
	ended    chan struct{} // closed when every tunnel has ended

	mu  sync.Mutex // guards err
	err error      // the first that a tunnel ended with
}

// start has every service carry clients.
func (u *up) start(ctx context.Context) *serving {
	ctx, cancel := context.WithCancel(ctx)
	s := &serving{services: u.services, hangUp: u.close, cancel: cancel, ended: make(chan struct{})}
	var wg sync.WaitGroup
	for _, one := range u.services {
		wg.Go(func() { s.serveOne(ctx, one) })
	}
	go func() {
		wg.Wait()
		close(s.ended)
	}()
	return s
}

// serveOne carries one service's clients. A service that fails ends them all.
func (s *serving) serveOne(ctx context.Context, one *service) {
	err := one.tunnel.Serve(ctx, one.listeners...)
	if err == nil || ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	s.cancel()
}

// failure returns what ended the services, if it was not us.
func (s *serving) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// drain stops accepting, lets transfers finish for the tunnel's grace period
// or until a signal arrives, and waits for the end.
func (s *serving) drain(sigs <-chan os.Signal) {
	for _, one := range s.services {
		one.tunnel.Drain()
	}
	select {
	case <-s.ended:
	case <-sigs:
	}
	s.stop()
}

// stop ends every session at once and waits for the end. Over an SSH
// connection that answers no more that could take for ever, so then it is ended
// first.
func (s *serving) stop() {
	s.cancel()
	select {
	case <-s.ended:
	case <-time.After(stopLimit):
		s.hangUp()
		<-s.ended
	}
}

// stopLimit is how long sessions may take to say that they end.
const stopLimit = 2 * time.Second

// serve says where the services are and carries clients until it is told to
// stop.
func (p *program) serve(ctx context.Context, u *up, sigs <-chan os.Signal) int {
	for _, one := range u.services {
		fmt.Fprintln(p.result, one.at().url())
	}
	if p.result.full != nil { // who waits for those lines would wait for ever
		u.abandon()
		return exitTunnel
	}
	s := u.start(ctx)
	defer p.summarize(u.services)
	for _, one := range u.services {
		p.log.log(levelInfo, "ready", "ready: "+one.leads(one.at().url()),
			"url", one.at().url(), "target", one.target())
	}
	p.tellReady(u.services)
	if err := p.goBehind(); err != nil {
		s.stop()
		p.fail("background", err)
		return exitTunnel
	}
	defer p.progress.start(u.services)()
	select {
	case <-s.ended:
	case err := <-p.lost:
		p.tellStopping(describe(err))
		s.drain(sigs)
		p.fail("lost", err)
		return exitTunnel
	case sig := <-sigs:
		p.tellStopping("stopping, transfers may finish")
		p.log.log(levelInfo, "stopping", fmt.Sprintf("%v: no new clients, transfers may finish; once more stops at once", sig))
	}
	s.drain(sigs)
	if err := s.failure(); err != nil {
		p.fail("serve", err)
		return exitTunnel
	}
	return exitOK
}

// leaveTerminal leaves the terminal to the command. A question may stand there
// that came with the login, as with UpdateHostKeys ask: it is waited for, and a
// signal meanwhile is the error and ends what was set up.
func (p *program) leaveTerminal(u *up, sigs <-chan os.Signal) error {
	left := make(chan struct{})
	go func() {
		p.prompt.close()
		close(left)
	}()
	select {
	case <-left:
		return nil
	case s := <-sigs:
		u.abandon()
		<-left
		return signalError{s}
	}
}

// wrap runs the command beside the services and returns its exit code.
func (p *program) wrap(ctx context.Context, u *up, path string, sigs <-chan os.Signal) int {
	if err := p.leaveTerminal(u, sigs); err != nil {
		return setUpStatus(err)
	}
	s := u.start(ctx)
	p.tellReady(u.services)
	status, err := p.runCommand(path, u.services[0].at(), sigs)
	s.drain(sigs)
	if err != nil {
		return p.commandFailed(err)
	}
	p.tellUnused(status)
	if err := s.failure(); err != nil {
		p.fail("serve", err)
		if status == exitOK {
			return exitTunnel
		}
	}
	if status == exitOK && p.tellCuts(u.services) {
		return exitTunnel
	}
	return status
}
