package sshconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// hostKeys decides about the host key of one server during one connection.
type hostKeys struct {
	cfg    *Config
	ctx    context.Context
	ask    *asker
	notify func(Event)
	host   string // what certificates are issued for
	name   string // what known_hosts calls it
	known  knownHosts
	bare   knownHosts // what is recorded for the host without its port

	// pinned is the key that was accepted: the callback runs again at every
	// rekey, and nobody is asked twice.
	pinned  ssh.PublicKey
	same    ssh.PublicKey // the key that it has to be, nil if it may be any
	at      knownKey      // where the key that was accepted is recorded
	err     error         // why the key was refused
	trusted *trusted      // set when UpdateHostKeys may act
}

func newHostKeys(ctx context.Context, cfg *Config, ask *asker, notify func(Event)) *hostKeys {
	h := &hostKeys{cfg: cfg, ctx: ctx, ask: ask, notify: notify, host: strings.ToLower(cfg.HostName)}
	h.name = hostName(cfg.HostName, cfg.Port)
	if cfg.HostKeyAlias != "" {
		h.host, h.name = cfg.HostKeyAlias, cfg.HostKeyAlias
	}
	h.known = loadKnownHosts(h.name, cfg.UserKnownHosts, cfg.GlobalKnownHosts)
	if h.name != h.host {
		h.bare = loadKnownHosts(h.host, cfg.UserKnownHosts, cfg.GlobalKnownHosts)
	}
	return h
}

// errOtherHost is a host key that another connection to the same name did not
// meet. Behind a name of several machines, channels that belong together must
// not come out on different ones. Machines that share a key cannot be told apart.
var errOtherHost = errors.New("the name leads to another host this time")

// order returns the host-key algorithms to offer, best first: those of the key
// that it has to be, else those that a key is recorded for, unless
// HostKeyAlgorithms says otherwise.
func (h *hostKeys) order() ([]string, error) {
	if h.same != nil {
		return h.sameFirst(), nil
	}
	if h.cfg.HostKeyAlgorithmsSet {
		return h.cfg.HostKeyAlgorithms, nil
	}
	known := h.known
	if h.cfg.KnownHostsCommand != "" {
		more, err := h.byCommand("ORDER", nil)
		if err != nil {
			return nil, err
		}
		known = slices.Concat(known, more)
	}
	if len(known) == 0 {
		known = h.bare
	}
	return known.order(h.cfg.HostKeyAlgorithms), nil
}

// sameFirst puts the algorithms of the key that it has to be first.
func (h *hostKeys) sameFirst() []string {
	_, isCert := h.same.(*ssh.Certificate)
	var first, last []string
	for _, alg := range h.cfg.HostKeyAlgorithms {
		if isCertAlgorithm(alg) == isCert && plainType(alg) == plain(h.same).Type() {
			first = append(first, alg)
		} else {
			last = append(last, alg)
		}
	}
	return append(first, last...)
}

// callback is the ssh.HostKeyCallback.
func (h *hostKeys) callback(_ string, remote net.Addr, key ssh.PublicKey) error {
	if h.pinned != nil {
		if !sameKey(h.pinned, key) {
			return h.refuse(Changed, key, knownKey{}, "the server changed its key during the connection")
		}
		return nil
	}
	if h.same != nil && !sameKey(h.same, key) {
		h.err = errOtherHost
		return h.err
	}
	if err := h.judge(remote, key); err != nil {
		return err
	}
	h.pinned = key
	h.notify(Event{Kind: HostKeyAccepted, Host: h.cfg.Alias, File: h.at.file, Line: h.at.line,
		Text: shortType(key) + " " + fingerprint(h.cfg, key)})
	return nil
}

// judge decides about a key that is seen for the first time.
func (h *hostKeys) judge(remote net.Addr, key ssh.PublicKey) error {
	if bits := rsaBits(key); bits > 0 && bits < h.cfg.RequiredRSASize {
		return h.refuse(Revoked, key, knownKey{}, fmt.Sprintf("%d bits are fewer than RequiredRSASize", bits))
	}
	if err := revokedIn(h.cfg.RevokedHostKeys, key); err != nil {
		return h.refuse(Revoked, key, knownKey{file: h.cfg.RevokedHostKeys}, err.Error())
	}
	if h.cfg.NoHostAuthLocalhost && isLoopback(remote) && h.cfg.HostKeyAlias == "" {
		return nil
	}
	if h.cfg.KnownHostsCommand != "" {
		more, err := h.byCommand("HOSTNAME", key)
		if err != nil {
			h.err = err
			return err
		}
		h.known = append(h.known, more...)
	}
	if cert, ok := key.(*ssh.Certificate); ok {
		if done, err := h.judgeCertificate(cert); done {
			return err
		}
		key = cert.Key // no authority vouches for it: look at the key itself
	}
	return h.judgePlain(remote, key)
}

// judgeCertificate looks for an authority that vouches for the certificate. It
// is done when there is one, or a revocation.
func (h *hostKeys) judgeCertificate(cert *ssh.Certificate) (done bool, err error) {
	for _, known := range []knownHosts{h.known, h.bare} {
		switch v, at := known.check(cert); v {
		case keyRevoked:
			return true, h.refuse(Revoked, cert, at, "")
		case keyOK:
			if checkCertificate(cert, h.host, h.cfg.CASignatures, time.Now()) == nil {
				h.at = at
				return true, nil
			}
		}
	}
	return false, nil
}

// judgePlain decides about a plain key: by the name with the port, and if that
// is new by the name without.
func (h *hostKeys) judgePlain(remote net.Addr, key ssh.PublicKey) error {
	v, at := h.known.check(key)
	if v == keyNew && h.bare != nil {
		if w, b := h.bare.check(key); w == keyOK || w == keyRevoked {
			if w == keyOK {
				h.at = b
				return nil // as ssh: not trusted enough to update other keys
			}
			v, at = w, b
		}
	}
	switch v {
	case keyRevoked:
		return h.refuse(Revoked, key, at, "")
	case keyChanged:
		return h.refuse(Changed, key, at, "")
	case keyNew:
		return h.judgeNew(remote, key)
	}
	if !at.global && !at.command {
		h.trusted = &trusted{key: key}
	}
	h.at = at
	return nil
}

// judgeNew decides about a key of a host that has none on record.
func (h *hostKeys) judgeNew(remote net.Addr, key ssh.PublicKey) error {
	switch h.cfg.StrictHostKeyChecking {
	case "yes":
		return h.refuse(Unknown, key, knownKey{}, "")
	case "accept-new", "off":
	default:
		yes, err := h.confirm(remote, key)
		if err != nil {
			h.err = err
			return err
		}
		if !yes {
			return h.refuse(Unknown, key, knownKey{}, "")
		}
		h.trusted = &trusted{key: key}
	}
	h.add(key)
	return nil
}

// maxConfirmations is how often a new key is asked about. A person needs few; a
// program that answers everything with a password would be asked for ever.
const maxConfirmations = 10

// confirm asks the user about a new key: yes, no, or its fingerprint.
func (h *hostKeys) confirm(remote net.Addr, key ssh.PublicKey) (bool, error) {
	fp := fingerprint(h.cfg, key)
	prompt := fmt.Sprintf("The authenticity of host '%s (%s)' can't be established.\n"+
		"%s key fingerprint is %s.\n"+
		"Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
		h.name, remoteName(remote), shortType(key), fp)
	for range maxConfirmations {
		answer, err := h.ask.line(h.ctx, prompt)
		if errors.Is(err, ErrNoPrompt) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		answer, _, _ = strings.Cut(strings.TrimLeft(answer, " \t"), " ")
		switch answer = strings.TrimRight(answer, " \t\r\n"); {
		case answer == "" || strings.EqualFold(answer, "no"):
			return false, nil
		case strings.EqualFold(answer, "yes") || answer == fp:
			return true, nil
		}
		prompt = "Please type 'yes', 'no' or the fingerprint: "
	}
	return false, nil
}

// add records a new key. A name that would be read as a pattern is never
// written; a file that cannot be written is no reason not to connect.
func (h *hostKeys) add(key ssh.PublicKey) {
	if len(h.cfg.UserKnownHosts) == 0 || strings.ContainsAny(h.host, `@?*#[]|'"\`) {
		return
	}
	file := h.cfg.UserKnownHosts[0]
	err := appendKnownHost(file, knownHostLine(h.name, key, h.cfg.HashKnownHosts))
	if err == nil {
		h.at = knownKey{file: file}
	}
	h.notify(Event{Kind: HostKeyAdded, Host: h.name, File: file, Err: err,
		Text: shortType(key) + " " + fingerprint(h.cfg, key)})
}

// refuse records and returns the refusal of a key.
func (h *hostKeys) refuse(kind HostKeyKind, key ssh.PublicKey, at knownKey, reason string) error {
	e := &HostKeyError{
		Host: h.name, Jump: h.ask.jumpName(h.cfg), Kind: kind, File: at.file, Line: at.line,
		Fingerprint: fingerprint(h.cfg, key), Type: shortType(key), Reason: reason,
	}
	if kind == Unknown && len(h.cfg.UserKnownHosts) > 0 {
		e.File = h.cfg.UserKnownHosts[0]
	}
	h.err = e
	return e
}
