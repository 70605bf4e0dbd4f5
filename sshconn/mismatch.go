package sshconn

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// AlgorithmError is a server with which there is no algorithm in common.
type AlgorithmError struct {
	Option  string   // of ssh_config, that lists such algorithms
	What    string   // key exchange, host key, …
	Offered []string // by the server
	Usable  []string // of those, what Option could allow here
}

func (e *AlgorithmError) Error() string {
	return fmt.Sprintf("no %s algorithm in common; the server has %s", e.What, strings.Join(e.Offered, ", "))
}

// mismatch makes an AlgorithmError of what x/crypto says.
func mismatch(err *ssh.AlgorithmNegotiationError) *AlgorithmError {
	good, bad := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	e := &AlgorithmError{What: err.What}
	var known []string
	switch {
	case strings.Contains(err.What, "key exchange"):
		e.Option, known = "KexAlgorithms", append(good.KeyExchanges, bad.KeyExchanges...)
	case strings.Contains(err.What, "host key"):
		e.Option, known = "HostKeyAlgorithms", append(good.HostKeys, bad.HostKeys...)
	case strings.Contains(err.What, "MAC"):
		e.Option, known = "MACs", append(good.MACs, bad.MACs...)
	default:
		e.Option, known = "Ciphers", append(good.Ciphers, bad.Ciphers...)
	}
	for _, name := range err.RequestedAlgorithms {
		if strings.HasPrefix(name, "kex-strict-") || strings.HasPrefix(name, "ext-info-") {
			continue // no algorithms, but signs
		}
		e.Offered = append(e.Offered, name)
		if slices.Contains(known, name) {
			e.Usable = append(e.Usable, name)
		}
	}
	return e
}

// NotSSHError is a server that speaks, but not SSH.
type NotSSHError struct {
	Greeting string // its first line
}

func (e *NotSSHError) Error() string {
	return fmt.Sprintf("it is not an SSH server, it says %q", e.Greeting)
}

// greetingSize is how much of a first line is shown.
const greetingSize = 60

// foreign returns the first line of what a server has sent first, if that is
// not SSH's identification (RFC 4253, section 4.2).
func foreign(first string) (greeting string, ok bool) {
	if first == "" || strings.HasPrefix(first, "SSH-") || strings.Contains(first, "\nSSH-") {
		return "", false
	}
	line, _, _ := strings.Cut(first, "\n")
	line = strings.TrimRight(line, "\r")
	return line[:min(len(line), greetingSize)], true
}
