package tunnel

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net"
	"sync"
	"testing"
)

// tcpPair is two ends of a connection on the loopback interface.
func tcpPair(t testing.TB) (a, b net.Conn) {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	defer l.Close()
	a, err := Local{}.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	return a, b
}

// A relay passes every byte on and then the end of file, whatever the sizes.
func TestRelay(t *testing.T) {
	for _, size := range []int{0, 1, smallBuffer - 1, smallBuffer, smallBuffer + 1, largeBuffer, 3*largeBuffer + 17} {
		from, src := tcpPair(t)
		dst, to := tcpPair(t)
		want := random(size, uint64(size))
		var wg sync.WaitGroup
		wg.Go(func() {
			from.Write(want)
			closeWrite(from)
		})
		var f flow
		var stop stopped
		wg.Go(func() { stop = f.relay(dst, src) })
		got, err := io.ReadAll(to)
		wg.Wait()
		if !bytes.Equal(got, want) || err != nil || stop.err != nil || f.bytes.Load() != int64(size) {
			t.Errorf("%d bytes: got %d, %v, %+v, counted %d", size, len(got), err, stop, f.bytes.Load())
		}
	}
}

// A relay says which end has failed.
func TestRelayFailures(t *testing.T) {
	from, src := tcpPair(t)
	dst, to := tcpPair(t)
	from.Write([]byte("some"))
	var f flow
	stop := make(chan stopped)
	go func() { stop <- f.relay(dst, src) }()
	io.ReadFull(to, make([]byte, 4))
	abort(from)
	if s := <-stop; s.writing || !closedByPeer(s.err) {
		t.Errorf("sender reset: %+v", s)
	}
	from, src = tcpPair(t)
	abort(to)
	go func() { stop <- f.relay(dst, src) }()
	go func() {
		for {
			if _, err := from.Write(make([]byte, 1000)); err != nil {
				return
			}
		}
	}()
	if s := <-stop; !s.writing || !closedByPeer(s.err) {
		t.Errorf("receiver reset: %+v", s)
	}
	src.Close()
}

// TestRelayAllocatesNothing of its own for what it carries: its buffers are
// pooled, and a read or a write of a socket needs nothing else.
func TestRelayAllocatesNothing(t *testing.T) {
	from, src := tcpPair(t)
	dst, to := tcpPair(t)
	var wg sync.WaitGroup
	var f flow
	wg.Go(func() { f.relay(dst, src) })
	piece, sink := random(64<<10, 1), make([]byte, 64<<10)
	carry := func() {
		from.Write(piece)
		io.ReadFull(to, sink)
	}
	carry() // the large buffer
	if n := testing.AllocsPerRun(200, carry); n >= 1 {
		t.Errorf("%v allocations for 64 KiB", n)
	}
	closeWrite(from)
	wg.Wait()
	if want := int64(202 * len(piece)); f.bytes.Load() != want {
		t.Errorf("%d bytes were counted, want %d", f.bytes.Load(), want)
	}
}

// BenchmarkRelay carries one MiB an operation over loopback TCP. Allocations
// are those of the whole relay: none belong to a packet.
func BenchmarkRelay(b *testing.B) {
	from, src := tcpPair(b)
	dst, to := tcpPair(b)
	piece := random(1<<20, 1)
	b.SetBytes(int64(len(piece)))
	b.ReportAllocs()
	var wg sync.WaitGroup
	var f flow
	wg.Go(func() { f.relay(dst, src) })
	wg.Go(func() { io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{to}, make([]byte, 256<<10)) })
	for b.Loop() {
		from.Write(piece)
	}
	closeWrite(from)
	wg.Wait()
}

// BenchmarkCopy is the same with io.Copy, for comparison.
func BenchmarkCopy(b *testing.B) {
	from, src := tcpPair(b)
	dst, to := tcpPair(b)
	piece := random(1<<20, 1)
	b.SetBytes(int64(len(piece)))
	b.ReportAllocs()
	var wg sync.WaitGroup
	wg.Go(func() {
		io.Copy(struct{ io.Writer }{dst}, struct{ io.Reader }{src})
		closeWrite(dst)
	})
	wg.Go(func() { io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{to}, make([]byte, 256<<10)) })
	for b.Loop() {
		from.Write(piece)
	}
	closeWrite(from)
	wg.Wait()
}

// BenchmarkTransfer makes one small download an operation, through a tunnel
// between two plain sides: a session's share of it is a data connection.
func BenchmarkTransfer(b *testing.B) {
	for _, verb := range []string{"EPSV", "EPRT"} {
		b.Run(verb, func(b *testing.B) { benchmarkTransfer(b, verb) })
	}
}

func hashOf(b []byte) [32]byte { return sha256.Sum256(b) }
