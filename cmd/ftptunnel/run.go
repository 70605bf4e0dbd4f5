package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"ftptunnel/ftpinspect"
	"ftptunnel/sshconn"
	"ftptunnel/tunnel"
)

// program is one run of ftptunnel.
type program struct {
	env
	*options
	log       *logger
	prompt    *prompter
	observe   func(tunnel.Event) // the demonstration's, may be nil
	tally     tally
	progress  *progress    // nil where live lines have no place
	transfers *transferLog // nil without --transfer-log
	lost      chan error   // why the SSH connection cannot be made again
	behind    *behind      // nil unless this process goes into the background
	detached  atomic.Bool  // it has

	mu          sync.Mutex      // guards what follows
	said        map[string]bool // what is told once
	readyStatus string          // what systemd was told when clients might come
}

// newProgram returns a program that can tell of an error.
func newProgram(e env, o *options) *program {
	return &program{env: e, options: o, log: newLogger(e.stderr, o)}
}

// once reports whether it is called for the first time with this key.
func (p *program) once(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.said[key] {
		return false
	}
	if p.said == nil {
		p.said = map[string]bool{}
	}
	p.said[key] = true
	return true
}

// run is the program: it takes all it needs from e and returns the exit code.
func run(ctx context.Context, e env) int {
	o, err := parse(e.args)
	if err != nil {
		newProgram(e, o).fail("usage", err)
		return exitUsage
	}
	e.result = &resultWriter{w: e.stdout}
	switch {
	case o.help:
		io.WriteString(e.result, usage)
		return newProgram(e, o).told(exitOK)
	case o.version:
		io.WriteString(e.result, versionText())
		return newProgram(e, o).told(exitOK)
	case o.completion != "":
		return printCompletion(e, o)
	}
	var back *behind
	if o.background && !o.printing {
		if back = thisBehind(); back == nil {
			return newProgram(e, o).leaveBehind()
		}
	}
	screen := newScreen(e, o)
	log, closeLog, err := openLog(e, o, screen)
	if err != nil {
		newProgram(e, o).fail("log", fmt.Errorf("-E: %w", err))
		return exitTunnel
	}
	defer closeLog()
	p := &program{
		env: e, options: o, log: log, prompt: &prompter{env: e, screen: screen},
		progress: newProgress(screen), lost: make(chan error, 1), behind: back,
	}
	return p.told(p.do(ctx))
}

// do does what the options say and returns the exit code.
func (p *program) do(ctx context.Context) int {
	switch {
	case p.options.demo:
		return p.demonstrate(ctx)
	case p.printing:
		return p.printConfig(ctx)
	case p.checking:
		return p.runCheck(ctx)
	}
	return p.main(ctx)
}

// printConfig prints what the destination resolves to, as ssh -G does.
func (p *program) printConfig(ctx context.Context) int {
	cfg, err := sshconn.Resolve(ctx, p.destination, p.sshOptions())
	if err == nil {
		err = cfg.WriteG(p.stdout)
	}
	if err != nil {
		p.fail("config", err)
		return exitTunnel
	}
	return exitOK
}

// main sets the tunnel up and either serves until it is told to stop or runs
// the wrapped command.
func (p *program) main(ctx context.Context) int {
	defer outliveReaders()()
	var path string
	if len(p.command) > 0 {
		var err error
		if path, err = findCommand(p.command[0]); err != nil {
			return p.commandFailed(err)
		}
	}
	closeTransfers, err := p.openTransfers()
	if err != nil {
		p.fail("transfer_log", err)
		return exitTunnel
	}
	defer closeTransfers()
	sigs, stop := p.notifySignals()
	defer stop()
	p.warnNoKey()
	p.tellSystemd("connecting to " + p.destination)
	u, err := p.setUp(ctx, sigs)
	if err != nil {
		p.tellSystemd(describe(err))
		if _, interrupted := errors.AsType[signalError](err); !interrupted {
			p.fail("set_up", err)
		}
		return setUpStatus(err)
	}
	defer u.close()
	if len(p.command) > 0 {
		return p.wrap(ctx, u, path, sigs)
	}
	return p.serve(ctx, u, sigs)
}

// warnNoKey says, as ssh does, which keys that -i names are not there: others
// may let in, or may be what the server refuses.
func (p *program) warnNoKey() {
	for _, file := range p.identity {
		if rest, ok := strings.CutPrefix(file, "~/"); ok {
			file = filepath.Join(p.home, rest)
		}
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) && p.engine != sshconn.EngineOpenSSH {
			p.log.warnf("no_key", "-i %s: no such file; the keys that ssh tries by itself are tried", file)
		}
	}
}

// fail tells of an error, with its hint.
func (p *program) fail(event string, err error) {
	p.log.fail(event, describe(err), p.hint(err))
}

// describe words an error. Why a target cannot be reached is said by the layer
// that knows best, and once.
func describe(err error) string {
	e, ok := errors.AsType[*tunnel.DialError](err)
	if !ok {
		return err.Error()
	}
	if _, ok := errors.AsType[*sshconn.ForwardError](e.Err); ok || refusedForGood(e.Err) {
		return e.Err.Error()
	}
	return err.Error()
}

// commandFailed says that the command cannot be run and returns the exit code.
func (p *program) commandFailed(err error) int {
	p.fail("command", err)
	if e, ok := errors.AsType[*commandError](err); ok {
		return e.exitStatus()
	}
	return exitTunnel
}

// sshOptions returns the options that sshconn resolves the destination with.
func (p *program) sshOptions() sshconn.Options {
	return sshconn.Options{
		ConfigFile:  p.config,
		Login:       p.login,
		Port:        p.port,
		Identity:    p.identity,
		Jump:        p.jump,
		Set:         p.set,
		Batch:       p.batch,
		Family:      p.family,
		Bind:        p.bind,
		ExecNothing: p.noExec,
		Engine:      p.engine,
		Home:        p.home,
		Env:         p.getenv,
		Wrap:        tunnel.Unscheduled,

		// Who insists on active mode accepts that the server opens its side.
		ExposedForwards: p.serverMode == ftpinspect.ModeActive,
	}
}
