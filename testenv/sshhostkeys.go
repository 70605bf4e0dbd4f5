package testenv

import (
	"bytes"
	"crypto/rand"

	"golang.org/x/crypto/ssh"
)

// announceHostKeys tells the client every host key, as OpenSSH does after the
// login (PROTOCOL, section 2.5).
func (p *peer) announceHostKeys() {
	var payload []byte
	for _, k := range p.server.opts.HostKeys {
		payload = append(payload, ssh.Marshal(struct{ Key []byte }{k.PublicKey().Marshal()})...)
	}
	p.wg.Go(func() { _, _, _ = p.conn.SendRequest("hostkeys-00@openssh.com", false, payload) })
}

// proveHostKeys signs for each key that the client asks about.
func (p *peer) proveHostKeys(r *ssh.Request) {
	var proof []byte
	for rest := r.Payload; len(rest) > 0; {
		var m struct {
			Key  []byte
			Rest []byte `ssh:"rest"`
		}
		if err := ssh.Unmarshal(rest, &m); err != nil {
			_ = r.Reply(false, nil)
			return
		}
		sig, ok := p.signHostKey(m.Key)
		if !ok {
			_ = r.Reply(false, nil)
			return
		}
		proof = append(proof, ssh.Marshal(struct{ Sig []byte }{sig})...)
		rest = m.Rest
	}
	_ = r.Reply(true, proof)
}

func (p *peer) signHostKey(blob []byte) ([]byte, bool) {
	for _, k := range p.server.opts.HostKeys {
		if !bytes.Equal(k.PublicKey().Marshal(), blob) {
			continue
		}
		sig, err := sign(k, ssh.Marshal(struct {
			Type    string
			Session []byte
			Key     []byte
		}{"hostkeys-prove-00@openssh.com", p.conn.SessionID(), blob}))
		return sig, err == nil
	}
	return nil, false
}

func sign(k ssh.Signer, data []byte) ([]byte, error) {
	sig, err := k.Sign(rand.Reader, data)
	if a, ok := k.(ssh.AlgorithmSigner); ok && k.PublicKey().Type() == ssh.KeyAlgoRSA {
		sig, err = a.SignWithAlgorithm(rand.Reader, data, ssh.KeyAlgoRSASHA512)
	}
	if err != nil {
		return nil, err
	}
	return ssh.Marshal(sig), nil
}
