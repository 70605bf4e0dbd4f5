package tunnel

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"testing"

	"ftptunnel/testenv"
)

// world is a tunnel that serves.
type world struct {
	t      testing.TB
	tunnel *Tunnel
	addr   string // where it listens
	stop   context.CancelFunc
	served chan error

	mu      sync.Mutex
	events  []Event
	changed chan struct{} // closed and replaced with each event
}

// serve starts a tunnel on l and ends it with the test.
func serve(t testing.TB, tn *Tunnel, ls ...net.Listener) *world {
	t.Helper()
	w := &world{t: t, tunnel: tn, served: make(chan error, 1), changed: make(chan struct{})}
	if len(ls) > 0 {
		w.addr = ls[0].Addr().String()
	}
	if tn.Observe == nil {
		tn.Observe = w.observe
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.served <- tn.Serve(ctx, ls...)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return w
}

func (w *world) observe(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
	close(w.changed)
	w.changed = make(chan struct{})
}

// await returns the first event of type E that fits, as soon as there is one.
func await[E Event](w *world, fits func(E) bool) E {
	w.t.Helper()
	for seen := 0; ; {
		w.mu.Lock()
		events, changed := w.events, w.changed
		w.mu.Unlock()
		for _, e := range events[seen:] {
			if e, ok := e.(E); ok && fits(e) {
				return e
			}
		}
		seen = len(events)
		<-changed
	}
}

// all returns the events of type E so far.
func all[E Event](w *world) []E {
	w.mu.Lock()
	defer w.mu.Unlock()
	var es []E
	for _, e := range w.events {
		if e, ok := e.(E); ok {
			es = append(es, e)
		}
	}
	return es
}

func any1[E Event](E) bool { return true }

// listen listens on this machine.
func listen(t testing.TB, addr string) net.Listener {
	t.Helper()
	l, err := Local{}.Listen(context.Background(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// ftpServer starts the embedded FTP server.
func ftpServer(t testing.TB, o testenv.FTPOptions) *testenv.FTPServer {
	t.Helper()
	s, err := testenv.NewFTPServer(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// random is a payload.
func random(n int, seed uint64) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	r.Read(b)
	return b
}
