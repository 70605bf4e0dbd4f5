package testenv

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// NewSSHKey makes an Ed25519 key pair. The text is the private key as
// ssh-keygen writes it, encrypted if there is a passphrase.
func NewSSHKey(passphrase string) (ssh.Signer, []byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	signer, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		return nil, nil, err
	}
	text, err := marshalKey(private, passphrase)
	return signer, text, err
}

func marshalKey(private crypto.PrivateKey, passphrase string) ([]byte, error) {
	marshal := func() (*pem.Block, error) { return ssh.MarshalPrivateKey(private, "") }
	if passphrase != "" {
		marshal = func() (*pem.Block, error) {
			return ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
		}
	}
	block, err := marshal()
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(block), nil
}

// ClientKey is a key that the server lets in, unless OnlyKeys is set.
func (s *SSHServer) ClientKey() ssh.Signer { return s.clientKey }

// ClientKeyPEM is ClientKey as an identity file, without passphrase.
func (s *SSHServer) ClientKeyPEM() []byte { return slices.Clone(s.clientPEM) }

// HostKey is the public part of the first host key.
func (s *SSHServer) HostKey() ssh.PublicKey { return s.opts.HostKeys[0].PublicKey() }

// KnownHosts is the text of a known_hosts file with every host key of this
// server.
func (s *SSHServer) KnownHosts() string {
	var b strings.Builder
	for _, k := range s.opts.HostKeys {
		b.WriteString(knownhosts.Line([]string{s.Addr()}, k.PublicKey()) + "\n")
	}
	return b.String()
}

func (s *SSHServer) prepareKeys() error {
	s.opts.HostKeys = slices.Clone(s.opts.HostKeys)
	if len(s.opts.HostKeys) == 0 {
		key, _, err := NewSSHKey("")
		if err != nil {
			return fmt.Errorf("ssh server: %w", err)
		}
		s.opts.HostKeys = append(s.opts.HostKeys, key)
	}
	var err error
	if s.clientKey, s.clientPEM, err = NewSSHKey(""); err != nil {
		return fmt.Errorf("ssh server: %w", err)
	}
	return nil
}

// newConfig forms what one connection is served with, by the rules of now.
func (s *SSHServer) newConfig() *ssh.ServerConfig {
	auth := s.auth.get()
	callbacks, none := login{auth}.callbacks(auth.Methods)
	c := &ssh.ServerConfig{
		Config: ssh.Config{
			RekeyThreshold: s.opts.RekeyBytes,
			Ciphers:        s.opts.Ciphers,
			KeyExchanges:   s.opts.KeyExchanges,
			MACs:           s.opts.MACs,
		},
		NoClientAuth:                none,
		MaxAuthTries:                auth.MaxTries,
		PasswordCallback:            callbacks.PasswordCallback,
		PublicKeyCallback:           callbacks.PublicKeyCallback,
		KeyboardInteractiveCallback: callbacks.KeyboardInteractiveCallback,
		ServerVersion:               s.opts.Version,
		AuthLogCallback:             s.logAuth,
	}
	if s.opts.Banner != "" {
		c.BannerCallback = func(ssh.ConnMetadata) string { return s.opts.Banner }
	}
	for _, k := range slices.Backward(s.opts.HostKeys) {
		c.AddHostKey(k) // of each type, the last one added counts
	}
	return c
}

// logAuth counts an attempt to log in, before the client hears what became of it.
func (s *SSHServer) logAuth(conn ssh.ConnMetadata, method string, err error) {
	s.counts.add(func(c *SSHCounts) {
		if err != nil {
			keep(&c.Methods, method+" failed")
			return
		}
		keep(&c.Methods, method)
		keep(&c.Users, conn.User())
		c.Logins++
	})
}
