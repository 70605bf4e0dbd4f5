package tunnel

import (
	"hash"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// flow is one direction of a data connection.
type flow struct {
	bytes atomic.Int64

	// waiting is since when its sender is waited for, in nanoseconds after
	// epoch; 0 while it is not, above all while the receiver is.
	waiting atomic.Int64

	finished atomic.Bool // an end of file was sent to the receiver

	kept atomic.Pointer[kept] // a copy of what was passed on, nil if none is asked for

	hashing sync.Mutex // guards hash, and keeps bytes in step with it
	hash    hash.Hash  // of what was passed on; nil if that is not asked for
}

// epoch is what flow.waiting counts from: a moment with a monotonic clock.
var epoch = time.Now().Add(-time.Hour)

// stopped says how a flow ended: by the sender's end of file, passed on after
// every byte before it, if err is nil; else by a failing Read of the sender or
// a failing write to the receiver.
type stopped struct {
	err     error
	writing bool
}

// Buffers of a flow. A flow begins with a small one, for one of the two of
// every data connection never carries anything, and goes on with a large one
// once that was filled. Over SSH each Read that returns more saves a window
// adjustment.
const (
	smallBuffer = 4 << 10
	largeBuffer = 256 << 10
)

var (
	smallBuffers = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
	largeBuffers = sync.Pool{New: func() any { return new([largeBuffer]byte) }}
)

// relay copies src to dst and passes src's end of file on, at once. It hides
// ReadFrom and WriteTo, which would choose buffers of their own.
func (f *flow) relay(dst, src net.Conn) stopped {
	small := smallBuffers.Get().(*[smallBuffer]byte)
	full, stop := f.copy(dst, src, small[:])
	smallBuffers.Put(small)
	if full {
		large := largeBuffers.Get().(*[largeBuffer]byte)
		for full {
			full, stop = f.copy(dst, src, large[:])
		}
		largeBuffers.Put(large)
	}
	if stop.err == io.EOF && !stop.writing {
		return stopped{err: f.finish(dst), writing: true}
	}
	return stop
}

// finish passes the end of file on. A receiver that has closed its connection
// already misses nothing if there was nothing.
func (f *flow) finish(dst net.Conn) error {
	if f.finished.Swap(true) {
		return nil
	}
	err := closeWrite(dst)
	if f.bytes.Load() == 0 && closedByPeer(err) {
		return nil
	}
	return err
}

// copy copies until src or dst ends, or until buf was filled.
func (f *flow) copy(dst, src net.Conn, buf []byte) (full bool, stop stopped) {
	for {
		f.waiting.Store(int64(time.Since(epoch)))
		n, err := src.Read(buf)
		f.waiting.Store(0)
		if n > 0 {
			m, werr := dst.Write(buf[:n])
			f.count(buf[:m])
			if werr != nil {
				return false, stopped{err: werr, writing: true}
			}
		}
		if err != nil {
			return false, stopped{err: err}
		}
		if n == len(buf) {
			return true, stopped{}
		}
	}
}

// silentSince tells since when the sender has been silent while it was waited
// for, if it is now.
func (f *flow) silentSince() (since time.Time, waiting bool) {
	w := f.waiting.Load()
	return epoch.Add(time.Duration(w)), w != 0
}

// count takes into account what was passed on.
func (f *flow) count(b []byte) {
	if k := f.kept.Load(); k != nil {
		k.add(b)
	}
	if f.hash == nil {
		f.bytes.Add(int64(len(b)))
		return
	}
	f.hashing.Lock()
	defer f.hashing.Unlock()
	f.hash.Write(b)
	f.bytes.Add(int64(len(b)))
}

// sum tells how many bytes were passed on so far and, if that is asked for,
// their hash. The relay may still run.
func (f *flow) sum() (bytes int64, digest []byte) {
	if f.hash == nil {
		return f.bytes.Load(), nil
	}
	f.hashing.Lock()
	defer f.hashing.Unlock()
	return f.bytes.Load(), f.hash.Sum(nil)
}
