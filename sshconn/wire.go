package sshconn

import "encoding/binary"

// wireReader takes values off a message in SSH's encoding (RFC 4251, section 5).
// A message that ends too soon sets bad, for good, and gives zeros; so bad need
// be looked at only once, in the end.
type wireReader struct {
	data []byte
	bad  bool
}

func (r *wireReader) take(n int) []byte {
	if n < 0 || n > len(r.data) {
		r.bad, r.data = true, nil
		return make([]byte, min(max(n, 0), 8))
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *wireReader) byte() byte     { return r.take(1)[0] }
func (r *wireReader) uint32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *wireReader) uint64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }
func (r *wireReader) string() []byte {
	n := r.uint32()
	if int64(n) > int64(len(r.data)) {
		r.bad, r.data = true, nil
		return nil
	}
	return r.take(int(n))
}
