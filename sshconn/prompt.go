package sshconn

import (
	"context"
	"errors"
)

// ErrNoPrompt is what a [Prompter] returns when there is nobody to ask. The
// method or key that wanted an answer is then passed over.
var ErrNoPrompt = errors.New("no terminal to ask on")

// Prompter asks the user. Its methods are called by one goroutine at a time;
// they return when ctx is done. A nil Prompter is one that always returns
// [ErrNoPrompt].
type Prompter interface {
	// Secret asks without echo: a password or a passphrase.
	Secret(ctx context.Context, prompt string) (string, error)
	// Line asks with echo: yes or no to a host key, keyboard-interactive.
	Line(ctx context.Context, prompt string) (string, error)
}
