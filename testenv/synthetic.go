package testenv

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"math/rand/v2"
	"sync"
)

// synthetic is a file that is generated: one block of random bytes over and
// over, each time headed by its number, so that a lost, doubled or displaced
// piece shows in the hash.
type synthetic struct {
	size  int64
	block []byte

	once sync.Once
	sum  string
}

const syntheticBlock = 64 << 10

func newSynthetic(size int64, seed uint64) *synthetic {
	s := &synthetic{size: size, block: make([]byte, syntheticBlock)}
	random := rand.NewPCG(seed, uint64(size))
	for i := 0; i < len(s.block); i += 8 {
		binary.LittleEndian.PutUint64(s.block[i:], random.Uint64())
	}
	return s
}

func (s *synthetic) reader(offset int64) io.ReadCloser {
	return &syntheticReader{file: s, at: min(offset, s.size)}
}

func (s *synthetic) sha256() string {
	s.once.Do(func() {
		h := sha256.New()
		_, _ = io.CopyBuffer(h, s.reader(0), make([]byte, bulkBuffer)) // neither can fail
		s.sum = hex.EncodeToString(h.Sum(nil))
	})
	return s.sum
}

type syntheticReader struct {
	file *synthetic
	at   int64
}

func (r *syntheticReader) Read(p []byte) (int, error) {
	if r.at >= r.file.size {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), r.file.size-r.at)]
	for n := 0; n < len(p); {
		within := int(r.at % syntheticBlock)
		m := copy(p[n:], r.file.block[within:])
		if within < 8 {
			var head [8]byte
			binary.LittleEndian.PutUint64(head[:], uint64(r.at/syntheticBlock))
			copy(p[n:n+m], head[within:])
		}
		n += m
		r.at += int64(m)
	}
	return len(p), nil
}

func (r *syntheticReader) Close() error { return nil }

// sink is what is left of an upload that is not kept.
type sink struct {
	size int64
	hash hash.Hash // nil: only counted
}

func (s *sink) fresh() *sink {
	if s.hash == nil {
		return &sink{}
	}
	return &sink{hash: sha256.New()}
}

func (s *sink) take(p []byte) {
	s.size += int64(len(p))
	if s.hash != nil {
		s.hash.Write(p)
	}
}

// PutSynthetic stores a generated file of size bytes that takes no memory. The
// same size and seed give the same bytes.
func (t *Tree) PutSynthetic(name string, size int64, seed uint64) {
	t.put(name, &node{made: newSynthetic(size, seed)})
}

// Sink makes a directory whose uploads are hashed, or without hash only
// counted, and not kept.
func (t *Tree) Sink(dir string, hashed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &sink{}
	if hashed {
		s.hash = sha256.New()
	}
	t.reach(clean(dir)).sink = s
}

// SHA256 returns a file's hash in hexadecimal digits: of what is stored,
// generated, or went into a hashing sink. It is empty for anything else.
func (t *Tree) SHA256(name string) string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n, err := t.find(clean(name))
	switch {
	case err != nil || n.dir():
		return ""
	case n.made != nil:
		return n.made.sha256()
	case n.sink != nil && n.sink.hash == nil:
		return ""
	case n.sink != nil:
		return hex.EncodeToString(n.sink.hash.Sum(nil))
	}
	sum := sha256.Sum256(n.data)
	return hex.EncodeToString(sum[:])
}

// Size returns a file's size in bytes, or -1 if there is no such file.
func (t *Tree) Size(name string) int64 {
	e, err := t.stat(clean(name))
	if err != nil || e.dir {
		return -1
	}
	return e.size
}
