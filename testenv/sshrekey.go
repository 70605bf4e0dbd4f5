package testenv

import (
	"errors"
)

// Rekey makes every connection negotiate new keys. It needs
// [SSHOptions.RekeyBytes]: that much is sent to each client in global requests
// which mean nothing and want no reply.
func (s *SSHServer) Rekey() error {
	if s.opts.RekeyBytes == 0 {
		return errors.New("rekey: RekeyBytes is not set")
	}
	var failed error
	for _, p := range s.peers.each() {
		failed = errors.Join(failed, p.(*peer).pad(s.opts.RekeyBytes))
	}
	return failed
}

// pad sends n bytes that mean nothing.
func (p *peer) pad(n uint64) error {
	padding := make([]byte, 16<<10)
	for sent := uint64(0); sent < n; sent += uint64(len(padding)) {
		if _, _, err := p.conn.SendRequest("padding@testenv", false, padding); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the connection.
func (p *peer) Close() error { return p.conn.Close() }
