package sshconn

import (
	"context"
	"sync"
)

// asker asks the user through a [Prompter], one question at a time. While a
// question stands the handshake's clock does not run.
type asker struct {
	p     Prompter
	batch bool
	hop   bool        // for a host on the way
	mu    *sync.Mutex // one question at a time, over all hops
	clock *deadline
}

// jumpName returns the alias of a jump host, "" for the destination.
func (a *asker) jumpName(cfg *Config) string {
	if !a.hop {
		return ""
	}
	return cfg.Alias
}

// silent reports whether nobody can be asked.
func (a *asker) silent() bool { return a.p == nil || a.batch }

func (a *asker) secret(ctx context.Context, prompt string) (string, error) {
	if a.silent() {
		return "", ErrNoPrompt
	}
	defer a.stop()()
	return a.p.Secret(ctx, prompt)
}

func (a *asker) line(ctx context.Context, prompt string) (string, error) {
	if a.silent() {
		return "", ErrNoPrompt
	}
	defer a.stop()()
	return a.p.Line(ctx, prompt)
}

// stop stops the clock and keeps other questions back until the function that
// it returns is called.
func (a *asker) stop() (resume func()) {
	a.mu.Lock()
	a.clock.pause()
	return func() {
		a.clock.resume()
		a.mu.Unlock()
	}
}
