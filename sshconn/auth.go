package sshconn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/ssh"
)

// login is the authentication of one connection. x/crypto asks it for a method
// before each attempt; it answers with one key, one password or one dialogue at
// a time, in ssh's order, so that nothing that fails ends the whole.
type login struct {
	cfg     *Config
	ctx     context.Context
	ask     *asker
	notify  func(Event)
	secrets *secrets
	who     string      // user@host:port, for prompts and secrets
	lost    func() bool // tells that the connection has ended

	keys   []*identity
	loaded bool
	agent  atomic.Pointer[agentConn]

	begun    bool // the server has listed its methods
	tried    []string
	passed   []string
	locked   []string
	allowed  []string
	partial  int    // partial successes so far
	last     string // what the attempt under way offers
	lastKey  *identity
	asked    map[string]int // attempts of the methods that prompt
	noPrompt bool
	answered bool // a method was tried that takes the user's answers
	password string
	answers  map[string]string
	err      error // ends the login
}

func newLogin(ctx context.Context, cfg *Config, ask *asker, s *secrets, notify func(Event)) *login {
	return &login{
		cfg: cfg, ctx: ctx, ask: ask, secrets: s, notify: notify,
		who:   fmt.Sprintf("%s@%s", cfg.User, cfg.HostName),
		asked: map[string]int{}, answers: map[string]string{},
	}
}

// errNothingLeft ends the login when every method has been tried.
var errNothingLeft = errors.New("no authentication method is left")

// next is the ssh.ClientAuthCallback.
func (l *login) next(state *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	if l.lost() {
		return nil, errCut // x/crypto takes it for a refusal of the last attempt
	}
	l.begun = true
	l.allowed = state.AllowedMethods
	l.record(len(state.PartialSuccessMethods) > l.partial)
	l.partial = len(state.PartialSuccessMethods)
	if err := l.ctx.Err(); err != nil {
		return nil, err
	}
	for _, name := range l.cfg.PreferredAuthentications {
		if !slices.Contains(l.allowed, name) {
			continue
		}
		if m := l.method(name); m != nil {
			return m, nil
		}
	}
	if l.err == nil {
		l.err = errNothingLeft
	}
	return nil, l.err
}

// record notes what became of the last attempt.
func (l *login) record(partial bool) {
	if l.last == "" {
		return
	}
	if partial {
		l.again()
	} else {
		l.tried = append(l.tried, l.last)
		l.notify(Event{Kind: AuthTried, Host: l.cfg.Alias, Text: l.last})
	}
	l.last, l.lastKey = "", nil
}

// again makes keys and prompts available once more after a partial success:
// the server may want a second key, or another password.
func (l *login) again() {
	for _, k := range l.keys {
		if k != l.lastKey {
			k.offered = false
		}
	}
	clear(l.asked)
}

// method returns the next attempt by the named method, nil when it has none.
func (l *login) method(name string) ssh.AuthMethod {
	switch name {
	case "publickey":
		if l.cfg.PubkeyAuthentication {
			return l.publicKey()
		}
	case "keyboard-interactive":
		if l.cfg.KbdInteractive && l.mayAsk(name) {
			return l.keyboardInteractive()
		}
	case "password":
		if l.cfg.PasswordAuthentication && l.mayAsk(name) {
			return l.askPassword()
		}
	}
	return nil
}

// publicKey returns an attempt with the next key.
func (l *login) publicKey() ssh.AuthMethod {
	if !l.loaded {
		l.loaded = true
		l.loadIdentities()
	}
	for _, k := range l.keys {
		if k.offered {
			continue
		}
		k.offered = true
		signer, err := k.signer(l)
		if err != nil {
			l.passOver(k, err)
			continue
		}
		l.last, l.lastKey = "publickey "+k.describe(), k
		return ssh.PublicKeys(signer)
	}
	return nil
}

// passOver notes a key that cannot be used.
func (l *login) passOver(k *identity, err error) {
	l.passed = append(l.passed, k.name+": "+errText(err))
	if errors.Is(err, ErrNoPrompt) {
		l.noPrompt = true
		l.locked = append(l.locked, k.file)
	}
}

// succeeded keeps what the login took, for a reconnect.
func (l *login) succeeded() {
	l.secrets.keep(l.who, l.password, l.answers)
}

// failed makes an AuthError of what x/crypto says.
func (l *login) failed(err error) error {
	l.record(false)
	if l.err != nil && !errors.Is(l.err, errNothingLeft) {
		return l.err
	}
	return &AuthError{
		User: l.cfg.User, Host: l.cfg.HostName, Jump: l.ask.jumpName(l.cfg), Tried: l.tried, Allowed: l.allowed,
		TooMany:  strings.Contains(err.Error(), "Too many authentication failures"),
		NoPrompt: l.noPrompt, Passed: l.passed, Locked: l.locked, Cause: err,
	}
}

// close ends what the login needs. It may be called at any time and more than
// once: an agent that does not answer is left by it.
func (l *login) close() {
	if a := l.agent.Load(); a != nil {
		a.Close()
	}
}
