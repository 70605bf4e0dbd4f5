package sshconn

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"ftptunnel/testenv"
)

// embedded starts an SSH server within the process and makes a configuration
// that leads to it.
func embedded(t *testing.T, o testenv.SSHOptions) (*testenv.SSHServer, *Config) {
	t.Helper()
	s, err := testenv.NewSSHServer(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, configFor(t, s, s.Addr())
}

// configFor makes a configuration that leads to s by way of an address.
func configFor(t *testing.T, s *testenv.SSHServer, address string) *Config {
	t.Helper()
	dir := t.TempDir()
	key, known := filepath.Join(dir, "key"), filepath.Join(dir, "known_hosts")
	if err := os.WriteFile(key, s.ClientKeyPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	host, port, err := splitAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := resolveBy(t.Context(), fileResolver{}, host, Options{
		ConfigFile: "none", Port: int(port), Login: "test", Identity: []string{key}, Home: dir, User: "local",
		Set: []string{"StrictHostKeyChecking=accept-new", "UserKnownHostsFile=" + known, "GlobalKnownHostsFile=none"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// script answers prompts, one after the other.
type script struct {
	mu      sync.Mutex
	answers []string
	asked   []string
}

func (s *script) answer(prompt string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, prompt)
	if len(s.answers) == 0 {
		return "", ErrNoPrompt
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	return a, nil
}

func (s *script) Secret(_ context.Context, prompt string) (string, error) { return s.answer(prompt) }
func (s *script) Line(_ context.Context, prompt string) (string, error)   { return s.answer(prompt) }

// feeder accepts one connection and writes to it until it breaks.
func feeder(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				buf := make([]byte, 8192)
				for {
					if _, err := c.Write(buf); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

// A truncated file must not look complete: whatever a lost connection does to
// x/crypto's channels, no Read reports the end of a file.
func TestLostConnectionIsNoEndOfFile(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	target := feeder(t)
	for range 20 {
		c := client(t, cfg, nil)
		var wg sync.WaitGroup
		errs := make(chan error, 8)
		var open sync.WaitGroup
		for range cap(errs) {
			open.Add(1)
			wg.Go(func() {
				conn, err := c.DialContext(short(t), "tcp", target)
				if err == nil {
					_, err = io.ReadFull(conn, make([]byte, 100))
				}
				open.Done()
				if err == nil {
					_, err = io.Copy(io.Discard, conn)
					conn.Close()
				}
				errs <- err
			})
		}
		open.Wait()
		s.Drop()
		wg.Wait()
		close(errs)
		for err := range errs {
			var lost *LostError
			if !errors.As(err, &lost) {
				t.Fatalf("got %v", err)
			}
		}
		c.Close()
	}
}

// tamperer relays to an address and flips one bit of what comes back after n
// bytes.
func tamperer(t *testing.T, to string, n int) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			wg.Go(func() { io.Copy(out, in); out.Close() })
			wg.Go(func() { io.Copy(&flipper{w: in, left: n}, out); in.Close() })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

type flipper struct {
	w    io.Writer
	left int
}

func (f *flipper) Write(p []byte) (int, error) {
	q := slices.Clone(p)
	if f.left >= 0 && f.left < len(q) {
		q[f.left] ^= 1
	}
	f.left -= len(q)
	return f.w.Write(q)
}

// Somebody on the way who changes a byte must not be able to end a file early:
// x/crypto then ends all channels without any error of the transport.
func TestTamperingIsNoEndOfFile(t *testing.T) {
	s, err := testenv.NewSSHServer(testenv.SSHOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	target := feeder(t)
	cfg := configFor(t, s, tamperer(t, s.Addr(), 300_000))
	for range 20 {
		c := client(t, cfg, nil)
		var n int64
		conn, err := c.DialContext(short(t), "tcp", target)
		if err == nil {
			n, err = io.Copy(io.Discard, conn)
		}
		var lost *LostError
		if !errors.As(err, &lost) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
		c.Close()
	}
}

func TestEndOfFileOfPeer(t *testing.T) {
	_, cfg := embedded(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	target := echoServer(t)
	for range 50 {
		conn, err := c.DialContext(short(t), "tcp", target)
		if err != nil {
			t.Fatal(err)
		}
		exchange(t, conn, 10_000)
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("read after close: %v", err)
		}
	}
}

func TestKeepAliveGivesUpFrozenServer(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	cfg.ServerAliveInterval, cfg.ServerAliveCountMax = 100*time.Millisecond, 5
	c := client(t, cfg, nil)
	conn, err := c.DialContext(short(t), "tcp", echoServer(t))
	if err != nil {
		t.Fatal(err)
	}
	s.Freeze()
	began := time.Now()
	_, err = conn.Read(make([]byte, 1))
	var lost *LostError
	if !errors.As(err, &lost) || !errors.Is(err, errSilent) {
		t.Fatalf("got %v", err)
	}
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("gave up after %v", took)
	}
	s.Thaw()
	if _, err := c.DialContext(short(t), "tcp", echoServer(t)); err != nil {
		t.Errorf("no reconnect: %v", err)
	}
}

// A server that answers probes stays, however long nothing else is heard of it.
func TestKeepAliveLeavesIdleServer(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	const count = 50 // half a second, for a machine with much else to do
	cfg.ServerAliveInterval, cfg.ServerAliveCountMax = 10*time.Millisecond, count
	c := client(t, cfg, nil)
	if err := c.Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	if err := s.Await(short(t), func(n testenv.SSHCounts) bool { return n.Keepalives > count+10 }); err != nil {
		t.Fatal(err)
	}
	if n := s.Counts().Connections; n != 1 {
		t.Errorf("%d connections", n)
	}
}

// A connection that was of use is made again at once, however soon it is lost.
func TestReconnects(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	target := echoServer(t)
	for range 5 {
		conn, err := c.DialContext(short(t), "tcp", target)
		if err != nil {
			t.Fatal(err)
		}
		c.mu.Lock()
		if c.pause != 0 {
			t.Errorf("if it is lost the next one waits for %v", c.pause)
		}
		c.mu.Unlock()
		s.Drop()
		if _, err := conn.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Fatalf("got %v", err)
		}
	}
}

// A server that ends connections as soon as they are made is not knocked at
// without a pause, either; one lost connection is made again at once.
func TestPausesWhereConnectionsDoNotLast(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	c := NewClient(cfg, nil, func(e Event) {
		if e.Kind == Reconnecting && e.Elapsed > 0 {
			t.Errorf("it waits for %v", e.Elapsed)
		}
	})
	defer c.Close()
	for range 2 {
		if err := c.Connect(short(t)); err != nil {
			t.Fatal(err)
		}
		s.Drop()
		waitFor(t, func() bool { return !c.live.alive() })
	}
	ctx, cancel := context.WithTimeout(t.Context(), firstPause/2)
	defer cancel()
	var lost *LostError
	if _, err := c.DialContext(ctx, "tcp", "127.0.0.1:1"); !errors.As(err, &lost) {
		t.Errorf("got %v", err) // the end of ctx, if it has waited
	}
	if n := s.Counts().Logins; n != 2 {
		t.Errorf("%d logins", n)
	}
}

// A server that is gone is not knocked at without a pause, and who cannot wait
// for the pause learns why at once.
func TestPausesBetweenAttempts(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	if err := c.Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	var failed *ConnectError
	for {
		_, err := c.DialContext(short(t), "tcp", "127.0.0.1:1")
		if errors.As(err, &failed) {
			break
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), firstPause/2)
	defer cancel()
	if _, err := c.DialContext(ctx, "tcp", "127.0.0.1:1"); !errors.As(err, &failed) {
		t.Errorf("got %v", err) // the end of ctx, if it has waited
	}
}

func TestSilentServerTimesOut(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := testenv.NewSSHServer(testenv.SSHOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cfg := configFor(t, s, l.Addr().String())
	cfg.ConnectTimeout = 100 * time.Millisecond
	err = client(t, cfg, nil).Connect(short(t))
	var failed *ConnectError
	if !errors.As(err, &failed) || !errors.Is(err, errTimeout) {
		t.Fatalf("got %v", err)
	}
}

// The clock of the handshake stands while the user thinks.
func TestPromptIsNotTimed(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{Auth: testenv.SSHAuth{Password: "pw", OnlyKeys: true}})
	cfg.ConnectTimeout = time.Second
	cfg.IdentityFiles = nil
	p := promptFunc(func() (string, error) {
		time.Sleep(1100 * time.Millisecond) // the user thinks
		return "pw", nil
	})
	if err := client(t, cfg, p).Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	if n := s.Counts().Logins; n != 1 {
		t.Errorf("%d logins", n)
	}
}

type promptFunc func() (string, error)

func (f promptFunc) Secret(context.Context, string) (string, error) { return f() }
func (f promptFunc) Line(context.Context, string) (string, error)   { return f() }

// A dial that is given up leaves nothing behind once the connection closes,
// although the server may still be connecting.
func TestGivenUpDialLeavesNothing(t *testing.T) {
	release := make(chan struct{})
	_, cfg := embedded(t, testenv.SSHOptions{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil, errors.New("released")
	}})
	c := client(t, cfg, nil)
	if err := c.Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, cause)
	defer cancel()
	if _, err := c.DialContext(ctx, "tcp", "192.0.2.1:21"); !errors.Is(err, cause) {
		t.Fatalf("got %v", err)
	}
	c.Close() // goleak looks for what is left
	close(release)
}

func TestRefusedForwards(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{})
	c := client(t, cfg, nil)
	var refused *ForwardError
	if _, err := c.DialContext(short(t), "tcp", "127.0.0.1:1"); !errors.As(err, &refused) || refused.Reason != ConnectFailed {
		t.Errorf("nobody listens: %v", err)
	}
	s.RefuseDirect(true)
	if _, err := c.DialContext(short(t), "tcp", "127.0.0.1:1"); !errors.As(err, &refused) || refused.Reason != Prohibited {
		t.Errorf("prohibited: %v", err)
	}
	s.RefuseForward(true)
	var denied *ListenError
	if _, err := c.Listen(short(t), "tcp", "127.0.0.1:0"); !errors.As(err, &denied) || !denied.Policy {
		t.Errorf("denied: %v", err)
	}
	s.RefuseForward(false)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := c.Listen(short(t), "tcp", taken.Addr().String()); !errors.As(err, &denied) || denied.Policy {
		t.Errorf("port in use: %v", err)
	}
}

// The server asks for new keys all the time: the host key is judged once.
func TestRekeys(t *testing.T) {
	s, cfg := embedded(t, testenv.SSHOptions{RekeyBytes: 64 << 10})
	cfg.StrictHostKeyChecking = "ask"
	p := &script{answers: []string{"yes"}}
	c := client(t, cfg, p)
	conn, err := c.DialContext(short(t), "tcp", echoServer(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Rekey(); err != nil {
		t.Fatal(err)
	}
	exchange(t, conn, 4<<20)
	if len(p.asked) != 1 {
		t.Errorf("asked %q", p.asked)
	}
}

func TestExecutesOnceOnOldOpenSSH(t *testing.T) {
	for version, want := range map[string]int{
		"SSH-2.0-OpenSSH_9.2p1 Debian": 1, "SSH-2.0-OpenSSH_10.0": 1, "SSH-2.0-OpenSSH_10.1": 0,
		"SSH-2.0-OpenSSH_10.2p1": 0, "SSH-2.0-dropbear_2022.83": 0, "SSH-2.0-OpenSSH_for_Windows_9.5": 0,
	} {
		s, cfg := embedded(t, testenv.SSHOptions{Version: version})
		events := make(chan Event, 100)
		c := NewClient(cfg, nil, func(e Event) { events <- e })
		if err := c.Connect(short(t)); err != nil {
			t.Fatal(err)
		}
		if want == 1 {
			for e := range events {
				if e.Kind == ExecSent {
					break
				}
			}
		}
		c.Close()
		if got := s.Counts().Executed; len(got) != want {
			t.Errorf("%s: executed %q", version, got)
		}
	}
	s, cfg := embedded(t, testenv.SSHOptions{Version: "SSH-2.0-OpenSSH_9.2"})
	cfg.ExecNothing = true
	c := client(t, cfg, nil)
	if err := c.Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if n := s.Counts().Sessions; n != 0 {
		t.Errorf("%d sessions with ExecNothing", n)
	}
}
