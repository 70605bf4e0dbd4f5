package sshconn

import (
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// identity is a key that can be offered: one that the agent holds, a file, or
// a certificate for either.
type identity struct {
	name    string        // the file, or the agent's comment
	pub     ssh.PublicKey // nil when only the passphrase would tell
	file    string        // of the private key
	agent   ssh.Signer    // set when the agent signs
	cert    *ssh.Certificate
	bare    bool // the file that was named is a public key, without a private one beside it
	offered bool
}

// describe names the identity in errors: its fingerprint and where it is from.
func (k *identity) describe() string {
	s := k.name
	if k.pub != nil {
		s = ssh.FingerprintSHA256(k.pub) + " " + s
	}
	if k.agent != nil {
		s += " (agent)"
	}
	return s
}

// signer returns what signs for the identity. A key in an encrypted file is
// opened when the server has accepted its public half, not before.
func (k *identity) signer(l *login) (ssh.Signer, error) {
	s := k.agent
	if s == nil {
		if k.pub == nil {
			opened, err := l.openKey(k.file)
			if err != nil {
				return nil, err
			}
			k.pub, s = opened.PublicKey(), opened
		} else {
			s = &lazyKey{pub: plain(k.pub), open: func() (ssh.Signer, error) { return l.openOffered(k) }}
		}
	}
	s, err := limitAlgorithms(s, l.cfg.PubkeyAlgorithms)
	if err != nil || k.cert == nil {
		return s, err
	}
	return ssh.NewCertSigner(k.cert, s)
}

// plain returns the key within a certificate, or the key itself.
func plain(key ssh.PublicKey) ssh.PublicKey {
	if cert, ok := key.(*ssh.Certificate); ok {
		return cert.Key
	}
	return key
}

// lazyKey is a key file that is opened when it has to sign.
type lazyKey struct {
	pub  ssh.PublicKey
	open func() (ssh.Signer, error)
}

func (k *lazyKey) PublicKey() ssh.PublicKey { return k.pub }

func (k *lazyKey) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return k.SignWithAlgorithm(rand, data, "")
}

func (k *lazyKey) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	s, err := k.open()
	if err != nil {
		return nil, err
	}
	if as, ok := s.(ssh.AlgorithmSigner); ok && algorithm != "" {
		return as.SignWithAlgorithm(rand, data, algorithm)
	}
	return s.Sign(rand, data)
}

// limitAlgorithms keeps an RSA key to the signatures that
// PubkeyAcceptedAlgorithms allows, in x/crypto's order.
func limitAlgorithms(s ssh.Signer, accepted []string) (ssh.Signer, error) {
	as, ok := s.(ssh.AlgorithmSigner)
	if !ok || plain(s.PublicKey()).Type() != ssh.KeyAlgoRSA {
		return s, nil
	}
	var algs []string
	for _, a := range []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA} {
		if allowed(accepted, a) || a != ssh.KeyAlgoRSA && allowed(accepted, a+certSuffix) {
			algs = append(algs, a)
		}
	}
	if len(algs) == 0 {
		return nil, errors.New("PubkeyAcceptedAlgorithms does not allow its type")
	}
	return ssh.NewSignerWithAlgorithms(as, algs)
}

func allowed(list []string, alg string) bool {
	return len(list) == 0 || matchList(alg, strings.Join(list, ","), false) == 1
}

// typeAllowed returns why a key may not be offered, nil if it may:
// PubkeyAcceptedAlgorithms, RequiredRSASize.
func (l *login) typeAllowed(key ssh.PublicKey) error {
	if bits := rsaBits(key); bits > 0 && bits < l.cfg.RequiredRSASize {
		return errors.New("fewer bits than RequiredRSASize")
	}
	types := []string{key.Type()}
	switch key.Type() {
	case ssh.KeyAlgoRSA:
		types = append(types, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
	case ssh.CertAlgoRSAv01:
		types = append(types, ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01)
	}
	if !slices.ContainsFunc(types, func(t string) bool { return allowed(l.cfg.PubkeyAlgorithms, t) }) {
		return errors.New("PubkeyAcceptedAlgorithms does not allow its type")
	}
	return nil
}
