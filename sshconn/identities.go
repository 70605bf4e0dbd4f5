package sshconn

import (
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// loadIdentities lists what can be offered, in OpenSSH's order (sshconnect2.c,
// pubkey_prepare): certificates; agent keys that the configuration names; other
// agent keys, unless IdentitiesOnly; files.
func (l *login) loadIdentities() {
	files, certs := l.fileIdentities()
	agents := l.agentIdentities()
	var named, other []*identity
	for _, a := range agents {
		i := slices.IndexFunc(files, func(f *identity) bool {
			return f.pub != nil && sameKey(f.pub, a.pub)
		})
		switch {
		case i >= 0:
			a.name = files[i].name
			named = append(named, a)
			files = slices.Delete(files, i, i+1)
		case !l.cfg.IdentitiesOnly:
			other = append(other, a)
		}
	}
	certs = l.pairCertificates(certs, slices.Concat(named, other, files))
	for _, k := range slices.Concat(certs, named, other, files) {
		l.addIdentity(k)
	}
}

// addIdentity lists an identity that may be offered.
func (l *login) addIdentity(k *identity) {
	if k.pub != nil {
		if err := l.typeAllowed(k.pub); err != nil {
			l.passed = append(l.passed, k.name+": "+err.Error())
			return
		}
	}
	if k.agent == nil && k.file == "" {
		if k.bare {
			l.passed = append(l.passed, k.name+": a public key, whose private key the agent does not have")
		}
		return // a public key without anything that signs for it
	}
	l.keys = append(l.keys, k)
}

// fileIdentities returns the keys and certificates that IdentityFile and
// CertificateFile name; a key's certificate lies beside it as well.
func (l *login) fileIdentities() (files, certs []*identity) {
	for _, name := range l.cfg.CertificateFiles {
		if c := readCertificate(name); c != nil {
			certs = append(certs, &identity{name: name, pub: c, cert: c})
		} else {
			l.passed = append(l.passed, name+": no certificate in it")
		}
	}
	for _, name := range l.cfg.IdentityFiles {
		info, err := os.Stat(name)
		if err != nil {
			if l.cfg.IdentitiesSet {
				l.passed = append(l.passed, name+": "+errText(err))
			}
			pub := readPublic(name)
			if pub == nil {
				continue
			}
			files = append(files, &identity{name: name, pub: pub})
			continue
		}
		if info.IsDir() {
			l.passed = append(l.passed, name+": is a directory")
			continue
		}
		files = append(files, l.fileIdentity(name))
		if c := readCertificate(name + "-cert.pub"); c != nil {
			certs = append(certs, &identity{name: name + "-cert.pub", pub: c, cert: c, file: name})
		}
	}
	return files, certs
}

// fileIdentity returns the key in a file. A public key has no private half
// there: it picks the agent's.
func (l *login) fileIdentity(name string) *identity {
	k := &identity{name: name, pub: readPublic(name), file: name}
	if data, err := os.ReadFile(name); err == nil {
		if _, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
			k.file = strings.TrimSuffix(name, ".pub")
			if _, err := os.Stat(k.file); err != nil || k.file == name {
				k.file, k.bare = "", true
			}
		}
	}
	return k
}

// readCertificate returns the user certificate in a file, or nil.
func readCertificate(name string) *ssh.Certificate {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(data)
	if err != nil {
		return nil
	}
	if c, ok := key.(*ssh.Certificate); ok && c.CertType == ssh.UserCert {
		return c
	}
	return nil
}

// pairCertificates finds what signs for each certificate: the agent, or a file.
func (l *login) pairCertificates(certs, keys []*identity) []*identity {
	var out []*identity
	for _, c := range certs {
		for _, k := range keys {
			if k.pub != nil && k.cert == nil && sameKey(k.pub, c.cert.Key) {
				c.agent, c.file = k.agent, k.file
				break
			}
		}
		if c.agent == nil && c.file == "" {
			l.passed = append(l.passed, c.name+": no private key for it")
			continue
		}
		out = append(out, c)
	}
	return out
}

// errText words a file error without its path.
func errText(err error) string {
	if e, ok := err.(*os.PathError); ok {
		return e.Err.Error()
	}
	return err.Error()
}
