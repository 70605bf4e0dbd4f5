package sshconn

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"os"

	"golang.org/x/crypto/ssh"
)

// Reasons of a key that RevokedHostKeys lists, or may list.
var (
	errRevokedByFile = errors.New("RevokedHostKeys lists it")
	errRevokedList   = errors.New("RevokedHostKeys has a line that is no public key")
)

// revokedIn looks a key up in the file of RevokedHostKeys: public keys one a
// line, or a key revocation list. A file that cannot be read, or holds a line
// that is no key, revokes every key, as in ssh.
func revokedIn(file string, key ssh.PublicKey) error {
	if file == "" {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(data, []byte(krlMagic)) {
		return revokedByKRL(data, key)
	}
	return revokedByList(data, key)
}

func revokedByList(data []byte, key ssh.PublicKey) error {
	keys := keysOf(key)
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		k, ok := parseKnownKey(string(line))
		if !ok {
			return errRevokedList
		}
		if containsKey(keys, k) {
			return errRevokedByFile
		}
	}
	return nil
}

// rsaBits returns the size of an RSA key, 0 for others.
func rsaBits(key ssh.PublicKey) int {
	ck, ok := plain(key).(ssh.CryptoPublicKey)
	if !ok {
		return 0
	}
	if k, ok := ck.CryptoPublicKey().(*rsa.PublicKey); ok {
		return k.N.BitLen()
	}
	return 0
}
