package sshconn

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// trusted marks a connection whose host key was on record, or accepted by the
// user: only then the server may tell us its other keys.
type trusted struct{ key ssh.PublicKey }

// proveMsg is what a server signs to prove that it has a key: OpenSSH's
// PROTOCOL, section 2.5.
type proveMsg struct {
	Label   string
	Session []byte
	Key     []byte
}

const proveRequest = "hostkeys-prove-00@openssh.com"

// update learns the host keys that the server announced (hostkeys-00): new ones
// are recorded once the server has proved that it holds them, so that it can
// change its key without locking users out.
func (h *hostKeys) update(c *connection, payload []byte) {
	if h.cfg.UpdateHostKeys == "no" || h.trusted == nil || len(h.cfg.UserKnownHosts) == 0 {
		return
	}
	announced := h.announced(payload)
	if !containsKey(announced, h.trusted.key) {
		return
	}
	fresh, stale := h.compare(announced)
	if len(fresh) > 0 {
		if err := h.prove(c, fresh); err != nil {
			return
		}
	}
	if len(fresh)+len(stale) == 0 || h.cfg.UpdateHostKeys == "ask" && !h.confirmUpdate(c.ctx, fresh, stale) {
		return
	}
	h.record(fresh, stale)
}

// announced returns the keys of an announcement whose types are acceptable.
func (h *hostKeys) announced(payload []byte) []ssh.PublicKey {
	var keys []ssh.PublicKey
	r := &wireReader{data: payload}
	for len(r.data) > 0 && !r.bad {
		key, err := ssh.ParsePublicKey(r.string())
		if err != nil || rsaBits(key) > 0 && rsaBits(key) < h.cfg.RequiredRSASize {
			continue
		}
		if _, isCert := key.(*ssh.Certificate); isCert {
			continue
		}
		for _, alg := range h.cfg.HostKeyAlgorithms {
			if plainType(alg) == key.Type() && !containsKey(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// compare tells which keys are not on record yet, and which records the server
// no longer announces. As in ssh (clientloop.c, hostkeys_find) nothing is
// changed where somebody manages the files by hand: where a line for the host
// has a marker, a pattern or several names, or a key is on record for another
// name as well.
func (h *hostKeys) compare(announced []ssh.PublicKey) (fresh, stale []ssh.PublicKey) {
	var recorded, elsewhere []ssh.PublicKey
	manual := false
	for _, file := range h.cfg.UserKnownHosts {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		eachKnownHost(data, func(hosts string, e knownKey) {
			if !matchKnownHost(h.name, hosts) {
				elsewhere = append(elsewhere, e.key)
				return
			}
			manual = manual || e.marker != plainKey || hosts[0] != '|' && strings.ContainsAny(hosts, "*?!,")
			recorded = append(recorded, e.key)
			if !containsKey(announced, e.key) && !containsKey(stale, e.key) {
				stale = append(stale, e.key)
			}
		})
	}
	for _, key := range announced {
		if !containsKey(recorded, key) {
			fresh = append(fresh, key)
		}
	}
	for _, key := range slices.Concat(announced, stale) {
		manual = manual || containsKey(elsewhere, key)
	}
	if manual {
		return nil, nil
	}
	return fresh, stale
}

// prove makes the server sign with each key.
func (h *hostKeys) prove(c *connection, keys []ssh.PublicKey) error {
	var ask []byte
	for _, key := range keys {
		ask = append(ask, ssh.Marshal(&struct{ Blob []byte }{key.Marshal()})...)
	}
	ok, reply, err := c.ssh.SendRequest(proveRequest, true, ask)
	if err != nil || !ok {
		return errors.New("the server does not prove its keys")
	}
	r := &wireReader{data: reply}
	for _, key := range keys {
		var sig ssh.Signature
		if err := ssh.Unmarshal(r.string(), &sig); err != nil {
			return err
		}
		if key.Type() == ssh.KeyAlgoRSA && sig.Format == ssh.KeyAlgoRSA {
			return errors.New("proved with SHA-1")
		}
		signed := ssh.Marshal(&proveMsg{proveRequest, c.ssh.SessionID(), key.Marshal()})
		if err := key.Verify(signed, &sig); err != nil {
			return err
		}
	}
	return nil
}

func (h *hostKeys) confirmUpdate(ctx context.Context, fresh, stale []ssh.PublicKey) bool {
	var b strings.Builder
	b.WriteString("The server has updated its host keys.\n")
	for _, k := range fresh {
		b.WriteString("Learned new " + shortType(k) + " host key: " + fingerprint(h.cfg, k) + "\n")
	}
	for _, k := range stale {
		b.WriteString("Deprecating " + shortType(k) + " host key: " + fingerprint(h.cfg, k) + "\n")
	}
	b.WriteString("Accept updated hostkeys? (yes/no): ")
	answer, err := h.ask.line(ctx, b.String())
	return err == nil && strings.EqualFold(strings.TrimSpace(answer), "yes")
}

// record writes what has changed to the user's files: new keys to the first,
// the lines of old ones out of all.
func (h *hostKeys) record(fresh, stale []ssh.PublicKey) {
	for _, file := range h.cfg.UserKnownHosts {
		data, err := os.ReadFile(file)
		if err != nil || len(stale) == 0 {
			continue
		}
		kept := withoutKeys(data, h.name, stale)
		if bytes.Equal(kept, data) {
			continue
		}
		err = replaceFile(file, kept)
		for _, k := range stale {
			h.notify(Event{Kind: HostKeyRemoved, Host: h.name, File: file, Err: err,
				Text: shortType(k) + " " + fingerprint(h.cfg, k)})
		}
	}
	for _, k := range fresh {
		h.add(k)
	}
}

// withoutKeys returns a known_hosts file without the lines that record one of
// keys for name alone; every other byte stays.
func withoutKeys(data []byte, name string, keys []ssh.PublicKey) []byte {
	var out []byte
	for _, line := range bytes.SplitAfter(data, []byte("\n")) {
		hosts, m, rest, ok := splitKnownHost(strings.TrimRight(string(line), "\r\n"))
		if ok && m == plainKey && matchKnownHost(name, hosts) && !strings.Contains(hosts, ",") {
			if key, ok := parseKnownKey(rest); ok && containsKey(keys, key) {
				continue
			}
		}
		out = append(out, line...)
	}
	return out
}
