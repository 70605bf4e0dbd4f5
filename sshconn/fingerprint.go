package sshconn

import (
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// fingerprint returns the key's fingerprint in the form that FingerprintHash
// asks for; that of a certificate is its key's.
func fingerprint(cfg *Config, key ssh.PublicKey) string {
	if cert, ok := key.(*ssh.Certificate); ok {
		key = cert.Key
	}
	blob := key.Marshal()
	var sum []byte
	switch cfg.FingerprintHash {
	case "MD5":
		return "MD5:" + ssh.FingerprintLegacyMD5(key)
	case "SHA1":
		h := sha1.Sum(blob)
		sum = h[:]
	case "SHA384":
		h := sha512.Sum384(blob)
		sum = h[:]
	case "SHA512":
		h := sha512.Sum512(blob)
		sum = h[:]
	default:
		return ssh.FingerprintSHA256(key)
	}
	return cfg.FingerprintHash + ":" + base64.RawStdEncoding.EncodeToString(sum)
}

// shortType returns ssh's short name of a key's type: ED25519, RSA, ECDSA.
func shortType(key ssh.PublicKey) string {
	t := strings.TrimSuffix(plainType(key.Type()), "@openssh.com")
	switch {
	case strings.HasPrefix(t, "sk-"):
		return strings.ToUpper(strings.Split(strings.TrimPrefix(t, "sk-ssh-"), "-")[0]) + "-SK"
	case strings.HasPrefix(t, "ecdsa"):
		return "ECDSA"
	case t == "ssh-dss":
		return "DSA"
	}
	return strings.ToUpper(strings.TrimPrefix(t, "ssh-"))
}

func remoteName(a net.Addr) string {
	if t, ok := a.(*net.TCPAddr); ok {
		return hostName(t.IP.String(), t.Port)
	}
	return "<no hostip for proxy command>"
}

func isLoopback(a net.Addr) bool {
	t, ok := a.(*net.TCPAddr)
	return ok && t.IP.IsLoopback()
}

// containsKey reports whether list has the key.
func containsKey(list []ssh.PublicKey, key ssh.PublicKey) bool {
	return slices.ContainsFunc(list, func(k ssh.PublicKey) bool { return sameKey(k, key) })
}
