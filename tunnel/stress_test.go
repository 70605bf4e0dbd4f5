package tunnel

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"testing"

	"ftptunnel/testenv"
)

// descriptors counts what this process has open, -1 where that is not told.
func descriptors() int {
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(d)
}

// Thousands of short sessions in every mode leave nothing behind.
func TestManySessions(t *testing.T) {
	sessions := 2000
	if testing.Short() {
		sessions = 200
	}
	tree := &testenv.Tree{}
	payload := random(50<<10, 9)
	want := hashOf(payload)
	tree.Put("f", payload)
	ftp := ftpServer(t, testenv.FTPOptions{Tree: tree})
	w := serve(t, &Tunnel{Target: ftp.Addr(), Observe: func(Event) {}, Limits: Limits{Rate: 1 << 20}}, listen(t, "127.0.0.1:0"))
	once := func(i int) error { return shortSession(t, w.addr, i, want) }
	for i := range 20 {
		if err := once(i); err != nil {
			t.Fatal(err)
		}
	}
	fds, goroutines := descriptors(), runtime.NumGoroutine()
	var wg sync.WaitGroup
	next := make(chan int)
	for range 8 {
		wg.Go(func() {
			for i := range next {
				if err := once(i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range sessions {
		next <- i
	}
	close(next)
	wg.Wait()
	w.tunnel.Drain()
	if err := <-w.served; err != nil {
		t.Error(err)
	}
	if n := descriptors(); n > fds+8 {
		t.Errorf("%d descriptors, %d before", n, fds)
	}
	if n := runtime.NumGoroutine(); n > goroutines+8 {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
}

// shortSession logs in, transfers, and leaves in one way or another.
func shortSession(t *testing.T, addr string, i int, want [32]byte) error {
	s := &quiet{TB: t}
	defer s.cleanUp()
	c := login(s, Local{}, addr)
	verb := verbs[i%len(verbs)]
	switch i % 7 {
	case 0:
		return nil // gone without a word
	case 1:
		c.ask(verb) // and nobody comes
	case 2:
		conn := c.begin(verb, "RETR f")
		conn.Read(make([]byte, 10))
		abort(conn)
		c.hear("426", "226")
	case 3:
		c.put(verb, fmt.Sprintf("STOR up%d", i), random(1000, uint64(i)))
	default:
		if hashOf(c.get(verb, "RETR f")) != want {
			return fmt.Errorf("session %d: the file differs", i)
		}
	}
	c.say("QUIT")
	io.Copy(io.Discard, c.r)
	return nil
}

// quiet runs its own clean-ups, for thousands of clients in one test.
type quiet struct {
	testing.TB
	todo []func()
}

func (q *quiet) Cleanup(f func()) { q.todo = append(q.todo, f) }

func (q *quiet) cleanUp() {
	for _, f := range q.todo {
		f()
	}
	q.todo = q.todo[:0]
}

func benchmarkTransfer(b *testing.B, verb string) {
	tree := &testenv.Tree{}
	tree.Put("f", random(1<<10, 1))
	ftp, err := testenv.NewFTPServer(testenv.FTPOptions{Tree: tree})
	if err != nil {
		b.Fatal(err)
	}
	defer ftp.Close()
	w := serve(b, &Tunnel{Target: ftp.Addr(), Observe: func(Event) {}}, listen(b, "127.0.0.1:0"))
	s := &quiet{TB: b}
	c := login(b, Local{}, w.addr)
	c.t = s
	b.ReportAllocs()
	for b.Loop() {
		c.get(verb, "RETR f")
		s.cleanUp()
	}
	c.conn.Close()
}
