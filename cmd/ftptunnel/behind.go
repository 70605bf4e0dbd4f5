package main

import (
	"fmt"
	"os"
)

// behind is the process that -f leaves in the background, while it still has to
// tell the one in the foreground that it is ready.
type behind struct{ ready *os.File }

// goBehind goes into the background, if this is the process that is to.
func (p *program) goBehind() error {
	if p.behind == nil {
		return nil
	}
	pid := os.Getpid()
	p.log.log(levelInfo, "background", fmt.Sprintf("in the background as process %d", pid), "pid", pid)
	p.detached.Store(true)
	if err := p.behind.detach(); err != nil {
		return fmt.Errorf("-f: %w", err)
	}
	return nil
}

// checkBackground checks that -f can be had, and is of use.
func (o *options) checkBackground() error {
	switch {
	case !o.background:
		return nil
	case !canDetach:
		return &usageError{
			text: "-f is not to be had on Windows",
			hint: "let Windows do it, as in: powershell Start-Process -WindowStyle Hidden ftptunnel files",
		}
	case len(o.command) > 0:
		return &usageError{
			text: "-f takes no command",
			hint: "the shell has a command in the background: ftptunnel files -- curl {url}/ &",
		}
	case o.checking:
		return usagef("--check and -f exclude each other")
	}
	return nil
}
