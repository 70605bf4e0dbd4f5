package sshconn

import (
	"bytes"
	"errors"
	"io"
	"os"
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

// typeAllowed tells whether a key may be offered: PubkeyAcceptedAlgorithms,
// RequiredRSASize.
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

// openOffered opens a key that the server has accepted, and notes why if it
// cannot be used after all.
func (l *login) openOffered(k *identity) (ssh.Signer, error) {
	s, err := l.openKey(k.file)
	if err != nil {
		l.passed = append(l.passed, k.name+": "+err.Error())
	}
	return s, err
}

// openKey reads a private key, asking for the passphrase where there is one.
func (l *login) openKey(file string) (ssh.Signer, error) {
	if s := l.secrets.key(file); s != nil {
		return s, nil
	}
	data, err := readPrivate(file)
	if err != nil {
		return nil, err
	}
	raw, err := ssh.ParseRawPrivateKey(data)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return l.unlock(file, data)
	}
	if err != nil {
		return nil, err
	}
	return l.opened(file, raw, false)
}

// unlock asks for the passphrase of a key, as often as
// NumberOfPasswordPrompts allows; an empty answer passes the key over.
func (l *login) unlock(file string, data []byte) (ssh.Signer, error) {
	for range l.cfg.NumberOfPasswordPrompts {
		pass, err := l.ask.secret(l.ctx, "Enter passphrase for key '"+file+"': ")
		if err != nil {
			if errors.Is(err, ErrNoPrompt) {
				l.noPrompt = true
			}
			return nil, err
		}
		if pass == "" {
			return nil, errors.New("no passphrase given")
		}
		raw, err := ssh.ParseRawPrivateKeyWithPassphrase(data, []byte(pass))
		if err == nil {
			return l.opened(file, raw, true)
		}
	}
	return nil, errors.New("wrong passphrase")
}

// opened makes a signer of a private key, keeps it if it was typed for, and
// gives it to the agent if AddKeysToAgent says so.
func (l *login) opened(file string, raw any, typed bool) (ssh.Signer, error) {
	s, err := ssh.NewSignerFromKey(raw)
	if err != nil {
		return nil, err
	}
	if typed {
		l.secrets.keepKey(file, s)
	}
	l.addToAgent(file, raw)
	return s, nil
}

// errOpenKey is a private key that others can read: ssh refuses it.
var errOpenKey = errors.New("permissions are too open: others can read it")

func readPrivate(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if tooOpen(info) {
		return nil, errOpenKey
	}
	return os.ReadFile(file)
}

// readPublic returns the public half of a key file: from beside it (.pub), or
// from the file itself, where the format has it in clear. A file that is a
// public key itself stands for the agent's key.
func readPublic(file string) ssh.PublicKey {
	for _, name := range []string{file, file + ".pub"} {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if key, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
			return key
		}
		if !bytes.Contains(data, []byte("PRIVATE KEY-----")) {
			continue
		}
		s, err := ssh.ParsePrivateKey(data)
		if err == nil {
			return s.PublicKey()
		}
		var locked *ssh.PassphraseMissingError
		if errors.As(err, &locked) && locked.PublicKey != nil {
			return locked.PublicKey
		}
	}
	return nil
}
