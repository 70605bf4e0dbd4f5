package sshconn

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ftptunnel/testenv"
)

// throughDelay connects a client to an embedded SSH server behind a line that
// delays each way.
func throughDelay(t *testing.T, delay time.Duration) *Client {
	t.Helper()
	server, err := testenv.NewSSHServer(testenv.SSHOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	line, err := testenv.NewDelayLine(server.Addr(), delay, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { line.Close() })
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, server.ClientKeyPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Resolve(context.Background(), "127.0.0.1", Options{
		ConfigFile: "none", Port: line.Port(), Login: "test", Identity: []string{key}, Home: dir, Env: os.Getenv,
		Set: []string{"StrictHostKeyChecking=accept-new", "UserKnownHostsFile=" + filepath.Join(dir, "known_hosts")},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := NewClient(cfg, nil, nil)
	t.Cleanup(func() { c.Close() })
	return c
}

// source accepts one connection and sends n bytes on it.
func source(t *testing.T, n int64) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	done := make(chan struct{})
	t.Cleanup(func() { <-done })
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.CopyN(c, zeros{}, n)
	}()
	return l.Addr()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestRawChannel fails when x/crypto changes what window_raw.go relies on.
func TestRawChannel(t *testing.T) {
	const size = 24 << 20 // twelve windows: none would be left if adjust did nothing
	conn, err := throughDelay(t, 0).DialContext(context.Background(), "tcp", source(t, size).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if !conn.(*Conn).rx.raw.controls() {
		t.Fatal("golang.org/x/crypto/ssh has changed: window_raw.go does not find its channel")
	}
	if n, err := io.Copy(io.Discard, onlyReader{conn}); n != size || err != nil {
		t.Fatalf("read %d of %d bytes: %v", n, size, err)
	}
}

type onlyReader struct{ io.Reader }

// TestWindowGrowsOnALongLink: where the window limits a transfer it grows, and
// what was taken beyond x/crypto's window is given back.
func TestWindowGrowsOnALongLink(t *testing.T) {
	before := extraWindow.Load()
	client := throughDelay(t, 10*time.Millisecond)
	if rtt := client.RoundTrip(); rtt != 0 {
		t.Errorf("a round trip of %v before there was one", rtt)
	}
	conn, err := client.DialContext(context.Background(), "tcp", source(t, 64<<20).String())
	if err != nil {
		t.Fatal(err)
	}
	if rtt := client.RoundTrip(); rtt < 20*time.Millisecond || rtt > 10*time.Second {
		t.Errorf("a round trip of %v", rtt)
	}
	if n, err := io.Copy(io.Discard, onlyReader{conn}); n != 64<<20 || err != nil {
		t.Fatalf("read %d bytes: %v", n, err)
	}
	rx := conn.(*Conn).rx
	if rx.window <= baseWindow || rx.window > maxWindow {
		t.Errorf("the window is %d bytes after a transfer at 20 ms", rx.window)
	}
	conn.Close()
	if after := extraWindow.Load(); after != before {
		t.Errorf("%d bytes of window are still counted", after-before)
	}
}

// sender stands for a channel whose sender uses every byte it is granted.
type sender struct{ granted, sent, adjusted int }

func (s *sender) read([]byte) (int, error) { return 0, io.EOF }
func (s *sender) adjust(n int) error       { s.granted += n; s.adjusted++; return nil }
func (s *sender) controls() bool           { return true }

// link is a receiver at 50 ms from its sender, in virtual time.
type link struct {
	receiver
	sender sender
	now    time.Time
}

const linkRTT = 50 * time.Millisecond

func newLink() *link { return newLinkAt(&pace{}) }

func newLinkAt(p *pace) *link {
	l := &link{now: time.Unix(1000, 0), sender: sender{granted: baseWindow}}
	l.receiver = receiver{raw: &l.sender, window: baseWindow, began: l.now, pace: p}
	return l
}

// carry has the sender send for some round trips, at most rate bytes in each.
func (l *link) carry(roundTrips, rate int) {
	for range roundTrips {
		n := min(rate, l.sender.granted-l.sender.sent)
		l.sender.sent += n
		l.now = l.now.Add(linkRTT)
		l.consumed(n)
		l.measure(linkRTT, l.now)
	}
}

func TestWindowFollowsTheTransfer(t *testing.T) {
	l := newLink()
	defer l.close()
	for _, phase := range []struct {
		rate, min, max int
		what           string
	}{
		{512 << 10, baseWindow, baseWindow, "a slow sender needs no more"},
		{8 << 20, 16 << 20, 16 << 20, "twice what a round trip carries"},
		{100 << 20, maxWindow, maxWindow, "no more than the limit of a channel"},
		{512 << 10, baseWindow, 4 << 20, "shrinks when it is not used"},
		{8 << 20, 16 << 20, 16 << 20, "and grows again"},
	} {
		l.carry(100, phase.rate)
		if l.window < phase.min || l.window > phase.max {
			t.Errorf("%s: %d bytes in a round trip, window %d, want %d to %d", phase.what, phase.rate, l.window, phase.min, phase.max)
		}
		if out := l.sender.granted - l.sender.sent + l.credit; out != l.window {
			t.Errorf("%s: the sender has %d bytes, the window is %d", phase.what, out, l.window)
		}
	}
}

// TestWindowIsRemembered: the second transfer of a connection does not start
// over, and takes its window as soon as it needs more than the first one.
func TestWindowIsRemembered(t *testing.T) {
	var p pace
	first := newLinkAt(&p)
	first.carry(20, 8<<20)
	first.close()
	second := newLinkAt(&p)
	defer second.close()
	second.consumed(baseWindow/2 - 1)
	if second.measure(linkRTT, second.now.Add(time.Millisecond)); second.window != baseWindow {
		t.Errorf("a window of %d bytes for less than half of one", second.window)
	}
	second.consumed(2)
	if second.measure(linkRTT, second.now.Add(time.Millisecond)); second.window != 16<<20 {
		t.Errorf("a window of %d bytes, the transfer before needed %d", second.window, 16<<20)
	}
	second.carry(100, 512<<10)
	third := newLinkAt(&p)
	defer third.close()
	if third.carry(1, 100<<20); third.window > 8<<20 {
		t.Errorf("a window of %d bytes after one that was too large", third.window)
	}
}

// TestUsualWindowLeavesRoom: many transfers that begin together get a part
// each of what is left.
func TestUsualWindowLeavesRoom(t *testing.T) {
	var p pace
	p.window.Store(maxWindow)
	for range 8 {
		l := newLinkAt(&p)
		defer l.close()
		l.carry(1, 100<<20)
		if l.window <= baseWindow {
			t.Errorf("a window of %d bytes for one of eight", l.window)
		}
	}
}

func TestExtraWindowIsBounded(t *testing.T) {
	before := extraWindow.Load()
	var links []*link
	for range 8 {
		l := newLink()
		l.carry(20, 100<<20)
		links = append(links, l)
	}
	if extra := extraWindow.Load(); extra > maxExtra || extra < maxExtra/2 {
		t.Errorf("eight links have %d bytes beyond their windows, at most %d are allowed", extra, maxExtra)
	}
	for _, l := range links {
		l.close()
		l.close()
	}
	if after := extraWindow.Load(); after != before {
		t.Errorf("%d bytes are still counted", after-before)
	}
}

// TestNoWindowIsLeft: a receiver that gets no more than it has goes on giving
// its window back in large pieces, and the connection forgets nothing.
func TestNoWindowIsLeft(t *testing.T) {
	for range 4 {
		l := newLink()
		defer l.close()
		l.carry(20, 100<<20)
	}
	var p pace
	p.window.Store(16 << 20)
	l := newLinkAt(&p)
	defer l.close()
	const piece = 32 << 10
	for range baseWindow / piece {
		l.consumed(piece)
		l.measure(linkRTT, l.now)
	}
	if l.window != baseWindow {
		t.Fatalf("a window of %d bytes where none was left", l.window)
	}
	if l.sender.adjusted > creditPieces {
		t.Errorf("%d messages give one window back", l.sender.adjusted)
	}
	if w := p.window.Load(); w != 16<<20 {
		t.Errorf("the connection remembers %d bytes", w)
	}
}

func TestClosedReceiverCountsNothing(t *testing.T) {
	before := extraWindow.Load()
	growing := newLink()
	growing.close()
	growing.carry(20, 100<<20)
	shrinking := newLink()
	shrinking.carry(20, 100<<20)
	shrinking.close()
	shrinking.carry(100, 1000)
	if after := extraWindow.Load(); after != before {
		t.Errorf("%d bytes are counted of closed channels", after-before)
	}
}
