package testenv

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// SSHAuth is who may log in to an [SSHServer], and how. The zero value permits
// any user with the server's ClientKey.
type SSHAuth struct {
	User     string          // the only user; any if empty
	Password string          // for password and, without Questions, keyboard-interactive
	Keys     []ssh.PublicKey // besides ClientKey
	OnlyKeys bool            // Keys alone, not ClientKey

	// Questions of keyboard-interactive, all in one round.
	Questions []Question

	// Methods are the lists of methods that suffice, as sshd_config's
	// AuthenticationMethods: "publickey,password" is first a key and then a
	// password, with partial success in between. If empty, publickey or, where
	// they can be answered, password or keyboard-interactive. "none" lets
	// everybody in.
	Methods []string

	MaxTries int // as MaxAuthTries; 6 if 0
}

// Question is one prompt of keyboard-interactive and its right answer.
type Question struct {
	Prompt, Answer string
	Echo           bool
}

var errDenied = errors.New("permission denied")

// authState is an SSHAuth that can be replaced while connections use it.
type authState struct {
	mu   sync.Mutex
	auth SSHAuth // guarded by mu
}

func (a *authState) set(auth SSHAuth, own ssh.PublicKey) {
	auth.Keys = slices.Clone(auth.Keys)
	if !auth.OnlyKeys {
		auth.Keys = append(auth.Keys, own)
	}
	if len(auth.Methods) == 0 {
		auth.Methods = []string{"publickey"}
		if auth.Password != "" {
			auth.Methods = append(auth.Methods, "password")
		}
		if auth.Password != "" || len(auth.Questions) > 0 {
			auth.Methods = append(auth.Methods, "keyboard-interactive")
		}
	}
	if len(auth.Questions) == 0 && auth.Password != "" {
		auth.Questions = []Question{{Prompt: "Password: ", Answer: auth.Password}}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.auth = auth
}

func (a *authState) get() SSHAuth {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.auth
}

// SetAuth replaces who may log in from now on. Connections that are up stay.
func (s *SSHServer) SetAuth(a SSHAuth) { s.auth.set(a, s.clientKey.PublicKey()) }

// login is the authentication of one connection, bound to the rules that held
// when it began.
type login struct{ auth SSHAuth }

// callbacks offers the methods that stand first in any of the lists.
func (l login) callbacks(lists []string) (ssh.ServerAuthCallbacks, bool) {
	var c ssh.ServerAuthCallbacks
	none := false
	for _, list := range lists {
		switch method, _, _ := strings.Cut(list, ","); method {
		case "publickey":
			c.PublicKeyCallback = func(m ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
				return l.verdict(m, "publickey", lists, l.knows(k))
			}
		case "password":
			c.PasswordCallback = func(m ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
				return l.verdict(m, "password", lists, l.auth.Password != "" && string(p) == l.auth.Password)
			}
		case "keyboard-interactive":
			c.KeyboardInteractiveCallback = func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
				return l.verdict(m, "keyboard-interactive", lists, l.ask(ask))
			}
		case "none":
			none = true
		}
	}
	return c, none
}

// verdict says what a right or wrong answer to method leads to: into the
// server, to the methods that are still missing, or nowhere.
func (l login) verdict(m ssh.ConnMetadata, method string, lists []string, right bool) (*ssh.Permissions, error) {
	if !right || l.auth.User != "" && m.User() != l.auth.User {
		return nil, errDenied
	}
	var missing []string
	for _, list := range lists {
		first, rest, more := strings.Cut(list, ",")
		if first != method {
			continue
		}
		if !more {
			return &ssh.Permissions{}, nil
		}
		missing = append(missing, rest)
	}
	next, _ := l.callbacks(missing)
	return nil, &ssh.PartialSuccessError{Next: next}
}

func (l login) knows(key ssh.PublicKey) bool {
	blob := key.Marshal()
	return slices.ContainsFunc(l.auth.Keys, func(k ssh.PublicKey) bool {
		return bytes.Equal(k.Marshal(), blob)
	})
}

func (l login) ask(challenge ssh.KeyboardInteractiveChallenge) bool {
	var prompts []string
	var echos []bool
	for _, q := range l.auth.Questions {
		prompts, echos = append(prompts, q.Prompt), append(echos, q.Echo)
	}
	answers, err := challenge("", "", prompts, echos)
	if err != nil || len(answers) != len(prompts) || len(prompts) == 0 {
		return false
	}
	for i, q := range l.auth.Questions {
		if answers[i] != q.Answer {
			return false
		}
	}
	return true
}
