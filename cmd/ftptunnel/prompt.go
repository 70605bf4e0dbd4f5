package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"

	"ftptunnel/sshconn"
)

// errPromptClosed says that the user ended a prompt without an answer.
var errPromptClosed = errors.New("no answer")

// prompter asks the user what SSH wants to know: on the terminal, which is
// /dev/tty whatever became of standard input, or by the program that
// SSH_ASKPASS names, as ssh(1) does. It implements [sshconn.Prompter].
type prompter struct {
	env    env
	screen *screen // makes way, may be nil

	mu     sync.Mutex // one prompt at a time; guards closed
	closed bool       // the terminal is the wrapped command's
}

// close ends prompting: from now on the terminal belongs to the command.
func (p *prompter) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

// Secret asks for a password or a passphrase, without echo.
func (p *prompter) Secret(ctx context.Context, prompt string) (string, error) {
	s, err := p.ask(ctx, prompt, false)
	if err == nil {
		hideMemory()
	}
	return s, err
}

// Line asks for what may be seen: yes or no, or a one-time code.
func (p *prompter) Line(ctx context.Context, prompt string) (string, error) {
	return p.ask(ctx, prompt, true)
}

// ask asks by the way that the environment chooses. Without one it returns
// [sshconn.ErrNoPrompt].
func (p *prompter) ask(ctx context.Context, prompt string, echo bool) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return "", sshconn.ErrNoPrompt
	}
	prompt = escapePrompt(prompt)
	p.screen.pause()
	defer p.screen.resume()
	way := chooseAskpass(p.env.getenv)
	if way != askpassFirst {
		t, err := openTerminal()
		if err == nil {
			defer t.close()
			return t.ask(ctx, prompt, echo)
		}
		if way == askpassNever {
			return "", sshconn.ErrNoPrompt
		}
	}
	return runAskpass(ctx, p.env, prompt)
}

// escapePrompt makes a prompt that a server has sent safe to show, and keeps
// its line breaks.
func escapePrompt(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = escape(l)
	}
	return strings.Join(lines, "\n")
}

// ask shows the prompt and reads a line. When ctx ends first the terminal is
// put back as it was; the read itself cannot be interrupted everywhere and is
// left to the end of the process, which follows. After a stop it asks again.
func (t *terminal) ask(ctx context.Context, prompt string, echo bool) (string, error) {
	restore, err := t.save()
	if err != nil {
		return "", err
	}
	resumed := make(chan os.Signal, 1)
	notifyResumed(resumed)
	defer signal.Stop(resumed)
	fmt.Fprint(t.out, prompt)
	type answer struct {
		text string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		text, err := t.readLine(echo)
		done <- answer{text, err}
	}()
	for {
		select {
		case a := <-done:
			restore()
			return a.text, a.err
		case <-resumed:
			t.again(prompt, echo)
		case <-ctx.Done():
			restore()
			fmt.Fprintln(t.out)
			return "", context.Cause(ctx)
		}
	}
}

// again asks once more after the program was stopped: the shell has had the
// terminal meanwhile, and shows what is typed.
func (t *terminal) again(prompt string, echo bool) {
	if !echo {
		_ = t.hide() // a terminal that is gone shows nothing
	}
	fmt.Fprint(t.out, prompt)
}
