package sshconn

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
)

// verdict is what the known_hosts files say about a key.
type verdict int

const (
	keyNew     verdict = iota // no key of the host is recorded
	keyOK                     // it is recorded
	keyChanged                // only others are
	keyRevoked
)

// check compares a key that a server showed with what is recorded, as OpenSSH
// does (hostfile.c, check_hostkeys_by_key_or_type): a certificate is only held
// against authorities, a plain key only against plain keys, and any plain key
// of another value, whatever its type, makes it a changed one.
func (k knownHosts) check(key ssh.PublicKey) (verdict, knownKey) {
	if e, found := k.revokes(key); found {
		return keyRevoked, e
	}
	cert, isCert := key.(*ssh.Certificate)
	v, at := keyNew, knownKey{}
	for _, e := range k {
		switch {
		case isCert && e.marker == certAuthority && sameKey(e.key, cert.SignatureKey):
			return keyOK, e
		case !isCert && e.marker == plainKey && sameKey(e.key, key):
			return keyOK, e
		case !isCert && e.marker == plainKey:
			v, at = keyChanged, e
		}
	}
	return v, at
}

// revokes looks for a revocation of the key, of the key within a certificate,
// or of the authority that signed it.
func (k knownHosts) revokes(key ssh.PublicKey) (knownKey, bool) {
	for _, e := range k {
		if e.marker != revoked {
			continue
		}
		if slices.ContainsFunc(keysOf(key), func(x ssh.PublicKey) bool { return sameKey(x, e.key) }) {
			return e, true
		}
	}
	return knownKey{}, false
}

// keysOf returns the plain keys that vouch for key: itself, or a certificate's
// key and authority.
func keysOf(key ssh.PublicKey) []ssh.PublicKey {
	if cert, ok := key.(*ssh.Certificate); ok {
		return []ssh.PublicKey{cert.Key, cert.SignatureKey}
	}
	return []ssh.PublicKey{key}
}

func sameKey(a, b ssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }

// has reports whether a plain key of the type is recorded.
func (k knownHosts) has(keyType string) bool {
	return slices.ContainsFunc(k, func(e knownKey) bool {
		return e.marker == plainKey && e.key.Type() == keyType
	})
}

// hasAuthority reports whether any certificate authority is recorded.
func (k knownHosts) hasAuthority() bool {
	return slices.ContainsFunc(k, func(e knownKey) bool { return e.marker == certAuthority })
}

// checkCertificate returns why a certificate that a known authority signed is
// not good for the host now, nil if it is.
func checkCertificate(cert *ssh.Certificate, host string, signatures []string, now time.Time) error {
	if cert.CertType != ssh.HostCert {
		return errors.New("certificate is not one for hosts")
	}
	if len(cert.CriticalOptions) > 0 {
		return errors.New("certificate has options that are not understood")
	}
	if !slices.Contains(signatures, cert.Signature.Format) {
		return errors.New("certificate is signed with " + cert.Signature.Format + ", which CASignatureAlgorithms does not allow")
	}
	checker := ssh.CertChecker{Clock: func() time.Time { return now }}
	return checker.CheckCert(host, cert)
}

// order puts the host-key algorithms first for which a key is recorded, as
// OpenSSH does (sshconnect2.c, order_hostkeyalgs). When the best one is
// recorded, the list stays as it is.
func (k knownHosts) order(algorithms []string) []string {
	if len(algorithms) == 0 || k.has(plainType(algorithms[0])) {
		return algorithms
	}
	var first, last []string
	for _, alg := range algorithms {
		if isCertAlgorithm(alg) && k.hasAuthority() || k.has(plainType(alg)) {
			first = append(first, alg)
		} else {
			last = append(last, alg)
		}
	}
	return append(first, last...)
}
