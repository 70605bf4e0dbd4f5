package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// notifySignals is the function notifySignals, except that SIGHUP reopens the
// transfer log, if there is one. With a command SIGHUP is passed on all the same.
// Without a command it no longer ends the program, unless the terminal has gone.
func (p *program) notifySignals() (<-chan os.Signal, func()) {
	beside := len(p.command) > 0
	if p.transfers == nil || beside {
		sigs, stop := notifySignals(beside)
		stopHangups := p.hangups(func() {})
		return sigs, func() { stopHangups(); stop() }
	}
	leaving := atTerminal()
	sigs, stop := notifySignals(false, syscall.SIGHUP)
	stopHangups := p.hangups(func() {
		if leaving && !p.detached.Load() && !atTerminal() {
			select {
			case sigs <- syscall.SIGHUP:
			default: // others wait there already
			}
		}
	})
	return sigs, func() { stopHangups(); stop() }
}

// hangups has SIGHUP reopen the transfer log, if there is one, and then calls
// then, until stop is called, which waits for the end of it.
func (p *program) hangups(then func()) (stop func()) {
	if p.transfers == nil || signal.Ignored(syscall.SIGHUP) {
		return func() {}
	}
	hup, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hup, syscall.SIGHUP)
	var wg sync.WaitGroup
	wg.Go(func() { p.awaitHangups(hup, done, then) })
	return func() {
		signal.Stop(hup)
		close(done)
		wg.Wait()
	}
}

// awaitHangups acts on each SIGHUP until done is closed.
func (p *program) awaitHangups(hup <-chan os.Signal, done <-chan struct{}, then func()) {
	for {
		select {
		case <-done:
			return
		case <-hup:
			p.reopenTransfers()
			then()
		}
	}
}

// reopenTransfers opens the transfer log by its name again.
func (p *program) reopenTransfers() {
	if err := p.transfers.reopen(); err != nil {
		p.log.fail("transfer_log", "--transfer-log: "+err.Error(), "the file that was open is written on")
		return
	}
	p.log.log(levelInfo, "transfer_log_reopened", "reopened "+p.transfers.path, "file", p.transfers.path)
}

// atTerminal reports whether the process has a controlling terminal, which it
// loses when that hangs up.
func atTerminal() bool {
	t, err := openTerminal()
	if err != nil {
		return false
	}
	t.close()
	return true
}
