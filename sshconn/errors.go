package sshconn

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// ConfigError is something in the configuration that cannot be used. File and
// Line are empty for what the command line said.
type ConfigError struct {
	File     string
	Line     int
	Text     string
	NeedsSSH bool // an ssh binary on the PATH would read it

	// Unimplemented: it permits only algorithms that are not implemented here.
	Unimplemented bool
}

func (e *ConfigError) Error() string {
	switch {
	case e.File == "":
		return e.Text
	case e.Line == 0:
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
}

// HostKeyKind says why a host key was refused.
type HostKeyKind int

// Reasons to refuse a host key.
const (
	Unknown HostKeyKind = iota + 1 // no key of the host is recorded, and nobody said yes
	Changed                        // another key is recorded
	Revoked                        // the key, or its authority, is revoked
)

// HostKeyError is a host key that was refused. File and Line name the entry
// that contradicts it (Changed, Revoked) or the file that it would have been
// added to (Unknown, line 0).
type HostKeyError struct {
	Host        string // as known_hosts has it: host or [host]:port
	Jump        string // its alias, if it is a jump host
	Kind        HostKeyKind
	File        string
	Line        int
	Fingerprint string // SHA256:… of the key that the server showed
	Type        string // ssh-ed25519, …
	Reason      string // more, where there is more to say
}

func (e *HostKeyError) Error() string {
	var what string
	switch e.Kind {
	case Changed:
		what = "is not the one recorded"
	case Revoked:
		what = "is revoked"
	default:
		what = "is not known"
	}
	host := e.Host
	if e.Jump != "" {
		host = "the jump host " + e.Jump + ", " + e.Host + ","
	}
	s := fmt.Sprintf("the host key of %s %s", host, what)
	if e.Fingerprint != "" { // ssh does not always tell
		s = fmt.Sprintf("the %s host key of %s %s (%s)", e.Type, host, what, e.Fingerprint)
	}
	if e.Kind != Unknown && e.File != "" {
		s += fmt.Sprintf(", see %s:%d", e.File, e.Line)
	}
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	return s
}

// AuthError is a login that the server did not accept.
type AuthError struct {
	User, Host string
	Jump       string   // its alias, if it is a jump host
	Tried      []string // what was offered, in order: "publickey SHA256:… (agent)", "password"
	Allowed    []string // methods that the server would have gone on with
	TooMany    bool     // the server stopped listening: MaxAuthTries
	NoPrompt   bool     // a method or key was left out because nobody could be asked
	Passed     []string // keys that could not be used, with the reason
	Locked     []string // of those, the files whose passphrase nobody could be asked for
	Cause      error    // what the SSH library said
}

func (e *AuthError) Error() string {
	s := fmt.Sprintf("%s does not let %s in", e.Host, e.User)
	if e.Jump != "" {
		s = fmt.Sprintf("the jump host %s (%s) does not let %s in", e.Jump, e.Host, e.User)
	}
	if e.TooMany {
		s += ": too many authentication failures"
	}
	if len(e.Tried) > 0 {
		s += " (tried " + strings.Join(slices.Compact(slices.Clone(e.Tried)), ", ") + ")"
	} else if len(e.Allowed) > 0 {
		s += " (it wants " + strings.Join(e.Allowed, " or ") + ")"
	}
	return s
}

func (e *AuthError) Unwrap() error { return e.Cause }

// ConnectError is a server that could not be reached, or that did not finish
// the SSH handshake. Hop is the alias of the jump host that it was to be
// reached through, "" for a direct connection; Jump is its own alias if it is a
// jump host itself; Proxy is the ProxyCommand. Cause is an [*AlgorithmError], a
// [*NotSSHError], an [*exec.ExitError] of the ProxyCommand, or what the system
// says.
type ConnectError struct {
	Host  string
	Port  int
	Hop   string
	Jump  string
	Proxy string
	Cause error
}

func (e *ConnectError) Error() string {
	s := "cannot connect to "
	if address := net.JoinHostPort(e.Host, strconv.Itoa(e.Port)); e.Jump != "" {
		s += "the jump host " + e.Jump + " (" + address + ")"
	} else {
		s += address
	}
	if e.Hop != "" {
		s += " through " + e.Hop
	}
	if e.Proxy != "" {
		s += " by ProxyCommand"
		if exit, ok := errors.AsType[*exec.ExitError](e.Cause); ok {
			return s + ", which ended with " + exit.Error()
		}
		if errors.Is(e.Cause, io.EOF) {
			return s + ", which ended"
		}
	}
	return s + ": " + cause(e.Cause)
}

func (e *ConnectError) Unwrap() error { return e.Cause }

// ForwardReason says why the SSH server did not connect to an address.
type ForwardReason int

// Reasons of RFC 4254, section 5.1.
const (
	Prohibited       ForwardReason = 1 // AllowTcpForwarding, PermitOpen, DisableForwarding
	ConnectFailed    ForwardReason = 2 // refused, not found, timed out; Text says which
	UnknownType      ForwardReason = 3
	ResourceShortage ForwardReason = 4
)

// ForwardError is a direct-tcpip channel that the server refused to open.
type ForwardError struct {
	Addr   string
	Reason ForwardReason
	Text   string // the server's own words, may be empty
}

func (e *ForwardError) Error() string {
	if e.Reason == Prohibited {
		return "the SSH server does not permit a forward to " + e.Addr
	}
	text := e.Text
	if text == "" {
		text = "refused by the SSH server"
	}
	return fmt.Sprintf("cannot reach %s from the SSH server: %s", e.Addr, text)
}

// ListenError is a remote forward that the server refused. Policy is set when
// it refuses remote forwards altogether, as far as can be found out: a port in
// use and a prohibition are answered alike.
type ListenError struct {
	Addr   string
	Policy bool

	// Exposed: it was asked to listen on its loopback and would listen on
	// every interface.
	Exposed bool

	// Elsewhere: it says that it listens on Addr, and does not.
	Elsewhere bool
}

func (e *ListenError) Error() string {
	switch {
	case e.Exposed:
		return "the SSH server would open a remote forward to its whole network"
	case e.Elsewhere:
		return "the SSH server says that it listens on " + e.Addr + ", and nothing that connects there arrives"
	case e.Policy:
		return "the SSH server does not permit remote forwards"
	}
	return "the SSH server cannot listen on " + e.Addr
}

// LostError is the end of an SSH connection that nobody asked for. Reads and
// writes on everything that it carried return it.
type LostError struct {
	Host  string
	Cause error
}

func (e *LostError) Error() string {
	return fmt.Sprintf("the SSH connection to %s was lost: %s", e.Host, cause(e.Cause))
}

func (e *LostError) Unwrap() error { return e.Cause }

// Lost is true: what Unwrap returns has happened to the SSH connection, and not
// to what it carried.
func (e *LostError) Lost() bool { return true }

// cause words an error of a lower layer.
func cause(err error) string {
	if err == nil || errors.Is(err, io.EOF) {
		return "the server closed it"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return "no such host"
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		return call.Err.Error()
	}
	text := strings.TrimPrefix(err.Error(), "ssh: handshake failed: ")
	return strings.TrimPrefix(text, "ssh: ")
}
