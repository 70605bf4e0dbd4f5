//go:build linux

package netlab

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// need skips a test that cannot run here, or fails it if every test has to.
func need(t testing.TB, missing error) {
	t.Helper()
	switch {
	case missing == nil:
	case os.Getenv("FTPTUNNEL_REAL") == "1":
		t.Fatal(missing)
	default:
		t.Skip(missing)
	}
}

func host(t testing.TB, name string) *Host {
	t.Helper()
	need(t, Available())
	h, err := NewHost(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func subnet(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func wire(t testing.TB, a, b *Host, s string) {
	t.Helper()
	if err := Wire(a, b, subnet(s)); err != nil {
		t.Fatal(err)
	}
}

func link(t testing.TB, rtt time.Duration) (a, b *Host) {
	t.Helper()
	need(t, LinkAvailable())
	a, b = host(t, "near"), host(t, "far")
	l, err := NewLink(a, b, subnet("10.77.0.0/30"), rtt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return a, b
}

// listen listens on a host until the test ends.
func listen(t testing.TB, h *Host, addr string) net.Listener {
	t.Helper()
	var l net.Listener
	err := h.Do(func() (err error) {
		l, err = net.Listen("tcp", addr)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func dial(h *Host, addr string) (conn net.Conn, err error) {
	err = h.Do(func() (err error) {
		conn, err = net.DialTimeout("tcp", addr, 10*time.Second)
		return err
	})
	return conn, err
}

// A host reaches its neighbours in both protocols, and nothing beyond them.
func TestThreeHosts(t *testing.T) {
	client, gate, server := host(t, "client"), host(t, "gate"), host(t, "server")
	wire(t, client, gate, "10.77.1.0/30")
	wire(t, gate, server, "10.77.2.0/30")
	wire(t, gate, server, "fd77::/64")
	for _, addr := range []string{"10.77.2.2:2121", "[fd77::2]:2121"} {
		listen(t, server, addr)
		conn, err := dial(gate, addr)
		if err != nil {
			t.Fatalf("from the gate: %v", err)
		}
		conn.Close()
		if _, err := dial(client, addr); !errors.Is(err, unix.ENETUNREACH) {
			t.Errorf("from the client to %s: %v", addr, err)
		}
	}
}

// A program is on the host that it was started on, the caller is not, even
// after a test that ended in the middle.
func TestDo(t *testing.T) {
	h := host(t, "host")
	before := namespace(t)
	var inside string
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = h.Do(func() error {
			out, err := exec.Command("readlink", "/proc/self/ns/net").Output()
			if err != nil {
				t.Error(err)
			}
			inside = strings.TrimSpace(string(out))
			runtime.Goexit() // as t.Fatal does
			return nil
		})
	}()
	<-ended
	if inside == before || inside == "" {
		t.Errorf("inside %q, outside %q", inside, before)
	}
	if after := namespace(t); after != before {
		t.Errorf("namespace %q became %q", before, after)
	}
	failed := errors.New("failed")
	if err := h.Do(func() error { return failed }); err != failed {
		t.Errorf("error %v", err)
	}
}

// A program that is to die with its parent outlives the making of other hosts,
// which happens on the same threads.
func TestThreadsStay(t *testing.T) {
	h := host(t, "host")
	child := exec.Command("sleep", "60")
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := h.Do(child.Start); err != nil {
		t.Fatal(err)
	}
	var hosts sync.WaitGroup
	for range 20 {
		hosts.Go(func() { host(t, "other") })
	}
	hosts.Wait()
	if err := child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var ended *exec.ExitError
	if err := child.Wait(); !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v", err)
	}
}

func namespace(t *testing.T) string {
	t.Helper()
	name, err := os.Readlink(threadNamespace)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// A handshake over a link takes a round trip, a byte and its answer another.
func TestLinkDelays(t *testing.T) {
	const rtt = 20 * time.Millisecond
	a, b := link(t, rtt)
	l := listen(t, b, "10.77.0.2:7")
	var server sync.WaitGroup
	server.Go(func() { echo(l) })
	defer server.Wait()
	defer l.Close()
	var handshakes, echoes []time.Duration
	for range 9 {
		start := time.Now()
		conn, err := dial(a, l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		handshakes = append(handshakes, time.Since(start))
		start = time.Now()
		if _, err := conn.Write([]byte{'x'}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		echoes = append(echoes, time.Since(start))
		conn.Close()
	}
	for name, times := range map[string][]time.Duration{"handshake": handshakes, "echo": echoes} {
		slices.Sort(times)
		if times[0] < rtt-2*punctual {
			t.Errorf("%s: %v, faster than the link", name, times[0])
		}
		// The machine may have other things to do, but not every time.
		if times[0] > rtt+2*time.Millisecond {
			t.Errorf("%s: %v at best, much slower than the link", name, times[0])
		}
		t.Logf("%s: %v to %v", name, times[0], times[len(times)-1])
	}
}

// echo serves one connection after the other until the listener is closed.
func echo(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(conn, conn)
		conn.Close()
	}
}

// Nothing is lost, doubled or changed on the way.
func TestLinkCarries(t *testing.T) {
	a, b := link(t, 10*time.Millisecond)
	sent, received := sha256.New(), sha256.New()
	carry(t, a, b, 48<<20, sent, received)
	if !bytes.Equal(sent.Sum(nil), received.Sum(nil)) {
		t.Error("what arrived is not what was sent")
	}
}

// BenchmarkLink is one TCP connection over a link of 50 ms.
func BenchmarkLink(b *testing.B) {
	near, far := link(b, 50*time.Millisecond)
	const size = 256 << 20
	b.SetBytes(size)
	for b.Loop() {
		carry(b, near, far, size, io.Discard, io.Discard)
	}
}

// carry sends random bytes from a to b, with a copy to sent and what arrived
// to received.
func carry(t testing.TB, a, b *Host, size int, sent, received io.Writer) {
	t.Helper()
	l := listen(t, b, "10.77.0.2:0")
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			defer conn.Close()
			_, err = io.CopyBuffer(struct{ io.Writer }{received}, struct{ io.Reader }{conn}, make([]byte, 1<<18))
		}
		done <- err
	}()
	conn, err := dial(a, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(block) // never fails
	for range size / len(block) {
		_, _ = sent.Write(block) // a hash, or nothing
		if _, err := conn.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	conn.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
