package sshconn

import (
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"math/big"

	"golang.org/x/crypto/ssh"
)

// krlMagic begins a key revocation list; its format is OpenSSH's PROTOCOL.krl.
const krlMagic = "SSHKRL\n\x00"

// Section types of PROTOCOL.krl, sections 1 and 2.
const (
	krlCertificates = 1
	krlKey          = 2
	krlSHA1         = 3
	krlSignature    = 4
	krlSHA256       = 5

	krlSerialList   = 0x20
	krlSerialRange  = 0x21
	krlSerialBitmap = 0x22
	krlKeyID        = 0x23
)

var errKRL = errors.New("malformed key revocation list")

// revokedByKRL returns errRevokedByFile if a key revocation list revokes a key:
// itself, the key within a certificate, its authority, or the certificate by
// its number or name. A list that cannot be read is an error, too.
func revokedByKRL(data []byte, key ssh.PublicKey) error {
	r := &wireReader{data: data[len(krlMagic):]}
	if v := r.uint32(); v != 1 {
		return errKRL
	}
	r.take(3 * 8) // version, date, flags
	r.string()    // reserved
	r.string()    // comment
	for len(r.data) > 0 && !r.bad {
		kind, body := r.byte(), r.string()
		if kind == krlSignature {
			r.string()
			continue
		}
		hit, err := krlSection(kind, body, key)
		if err != nil {
			return err
		}
		if hit {
			return errRevokedByFile
		}
	}
	if r.bad {
		return errKRL
	}
	return nil
}

func krlSection(kind byte, body []byte, key ssh.PublicKey) (bool, error) {
	switch kind {
	case krlCertificates:
		cert, ok := key.(*ssh.Certificate)
		return krlCertSection(body, cert, ok)
	case krlKey, krlSHA1, krlSHA256:
		return krlKeySection(kind, body, key)
	}
	return false, errKRL
}

// krlKeySection looks for a key or its hash.
func krlKeySection(kind byte, body []byte, key ssh.PublicKey) (bool, error) {
	r := &wireReader{data: body}
	hit := false
	for len(r.data) > 0 {
		item := string(r.string())
		for _, k := range keysOf(key) {
			blob := k.Marshal()
			s1, s256 := sha1.Sum(blob), sha256.Sum256(blob)
			hit = hit || kind == krlKey && item == string(blob) ||
				kind == krlSHA1 && item == string(s1[:]) || kind == krlSHA256 && item == string(s256[:])
		}
	}
	if r.bad {
		return false, errKRL
	}
	return hit, nil
}

// krlCertSection looks for a certificate by number or name.
func krlCertSection(body []byte, cert *ssh.Certificate, isCert bool) (bool, error) {
	r := &wireReader{data: body}
	ca := r.string()
	r.string() // reserved
	ours := isCert && (len(ca) == 0 || string(ca) == string(cert.SignatureKey.Marshal()))
	hit := false
	for len(r.data) > 0 && !r.bad {
		kind, item := r.byte(), &wireReader{data: r.string()}
		if ours {
			hit = krlCertItem(kind, item, cert) || hit
		}
		if item.bad || kind < krlSerialList || kind > krlKeyID {
			return false, errKRL
		}
	}
	if r.bad {
		return false, errKRL
	}
	return hit, nil
}

func krlCertItem(kind byte, r *wireReader, cert *ssh.Certificate) (hit bool) {
	switch kind {
	case krlSerialList:
		for len(r.data) > 0 {
			hit = r.uint64() == cert.Serial || hit
		}
	case krlSerialRange:
		low, high := r.uint64(), r.uint64()
		hit = low <= cert.Serial && cert.Serial <= high
	case krlSerialBitmap:
		offset := r.uint64()
		bits := new(big.Int).SetBytes(r.string())
		if cert.Serial >= offset && cert.Serial-offset < uint64(bits.BitLen()) {
			hit = bits.Bit(int(cert.Serial-offset)) == 1
		}
	case krlKeyID:
		for len(r.data) > 0 {
			hit = string(r.string()) == cert.KeyId || hit
		}
	}
	return hit && !r.bad
}
