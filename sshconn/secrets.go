package sshconn

import (
	"sync"

	"golang.org/x/crypto/ssh"
)

// secrets is what the user typed during one connection, kept in memory for the
// next one and nowhere else. Safe for concurrent use.
type secrets struct {
	mu        sync.Mutex
	keys      map[string]ssh.Signer        // by file: keys that a passphrase opened
	passwords map[string]string            // by user@host
	answers   map[string]map[string]string // by user@host, then by prompt
}

func newSecrets() *secrets {
	return &secrets{
		keys:      map[string]ssh.Signer{},
		passwords: map[string]string{},
		answers:   map[string]map[string]string{},
	}
}

func (s *secrets) key(file string) ssh.Signer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[file]
}

func (s *secrets) keepKey(file string, key ssh.Signer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[file] = key
}

func (s *secrets) password(who string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.passwords[who]
	return p, ok
}

func (s *secrets) answer(who, prompt string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.answers[who][prompt]
	return a, ok
}

// keep stores what led to a successful login.
func (s *secrets) keep(who, password string, answers map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if password != "" {
		s.passwords[who] = password
	}
	if len(answers) > 0 {
		s.answers[who] = answers
	}
}

func (s *secrets) hasAnswers(who string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.answers[who]) > 0
}
