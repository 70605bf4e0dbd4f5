package sshconn

import (
	"bytes"
	"errors"
	"os"

	"golang.org/x/crypto/ssh"
)

// openOffered opens a key that the server has accepted, and notes why if it
// cannot be used after all.
func (l *login) openOffered(k *identity) (ssh.Signer, error) {
	s, err := l.openKey(k.file)
	if err != nil {
		l.passOver(k, err)
		l.last = "" // it was not tried
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
	if err != nil && !bytes.Contains(data, []byte("PRIVATE KEY-----")) {
		return nil, errNoKey
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

// errNoKey is a file that is something else.
var errNoKey = errors.New("no private key in it")

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
