//go:build unix

package sshconn

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ftptunnel/testenv"
)

// frozenMaster starts a user's OpenSSH master on an embedded server, which can
// be frozen, and a client that rides it.
func frozenMaster(t *testing.T, interval time.Duration, count int) (*testenv.SSHServer, *Client) {
	t.Helper()
	s, cfg := embedded(t, testenv.SSHOptions{})
	sock := socketPlace(t)
	cmd := exec.Command(program(t, "ssh"), "-F", "none", "-M", "-N", "-S", sock, "-i", cfg.IdentityFiles[0],
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile="+filepath.Join(t.TempDir(), "known"),
		"-p", itoa(cfg.Port), "test@"+cfg.HostName)
	listening(t, cmd, sock)
	cfg.ControlPath, cfg.ServerAliveInterval, cfg.ServerAliveCountMax = sock, interval, count
	c := client(t, cfg, nil)
	if err := c.Connect(short(t)); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.live.(*master); !ok {
		t.Fatal("the master is not ridden")
	}
	return s, c
}

// A master says that it is alive while its server says nothing any more: it is
// given up, with a connection that waits for an answer and with one that waits
// for data, and not joined again.
func TestMasterOfMuteServerIsGivenUp(t *testing.T) {
	for _, write := range []bool{true, false} {
		s, c := frozenMaster(t, 50*time.Millisecond, 10)
		conn, err := c.DialContext(short(t), "tcp", echoServer(t))
		if err != nil {
			t.Fatal(err)
		}
		echoed(t, conn)
		s.Freeze()
		if write {
			conn.Write([]byte("?"))
		}
		conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		var lost *LostError
		if _, err := conn.Read(make([]byte, 1)); !errors.As(err, &lost) || !errors.Is(err, errSilent) {
			t.Errorf("got %v", err)
		}
		if c.mute.Load() != true {
			t.Error("it would be joined again")
		}
		s.Thaw()
	}
}

// What idles, with a server that answers, is left alone. It has a second to
// answer: this machine may have much else to do.
func TestIdleMasterIsLeft(t *testing.T) {
	s, c := frozenMaster(t, 20*time.Millisecond, 50)
	conn, err := c.DialContext(short(t), "tcp", echoServer(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Await(short(t), func(n testenv.SSHCounts) bool { return n.Direct >= 3 }); err != nil {
		t.Fatal(err) // asked again, after an answer
	}
	echoed(t, conn)
}

// echoed sees to it that a connection to an echo server works.
func echoed(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := conn.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

// A listener, too, notices that the server has gone silent: nobody else would for
// a forward that nothing arrives at.
func TestListenerOfMuteServerEnds(t *testing.T) {
	s, c := frozenMaster(t, 50*time.Millisecond, 10)
	l, err := c.Listen(short(t), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Freeze()
	defer s.Thaw()
	ended := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	select {
	case err = <-ended:
	case <-short(t).Done():
		l.Close()
		err = <-ended
	}
	var lost *LostError
	if !errors.As(err, &lost) || !errors.Is(err, errSilent) {
		t.Errorf("got %v", err)
	}
}

// A forward that is granted after its listener was given up is not left at the
// user's master.
func TestForwardOfMasterThatComesLateIsCancelled(t *testing.T) {
	s, c := frozenMaster(t, 0, 0)
	s.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := c.Listen(ctx, "tcp", "127.0.0.1:0"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	s.Thaw()
	if err := s.Await(short(t), func(n testenv.SSHCounts) bool { return n.Cancelled == 1 }); err != nil {
		t.Error(err)
	}
}

// Forwards of a user's master are cancelled side by side: one that stands still
// would hold the end up as often as there are forwards.
func TestForwardsOfMasterAreCancelledAtOnce(t *testing.T) {
	_, c := frozenMaster(t, 0, 0)
	for range 5 {
		if _, err := c.Listen(short(t), "tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	m := c.live.(*master)
	sock, path := holdingMaster(t, 5)
	m.path = path
	c.Close()
	if n := sock.Load(); n != 5 {
		t.Errorf("%d asked at once", n)
	}
}

// holdingMaster is a control socket that answers no request before n of them
// stand, and counts those.
func holdingMaster(t *testing.T, n int32) (*atomic.Int32, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "cm")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	var standing atomic.Int32
	all := make(chan struct{})
	var wg sync.WaitGroup
	serve := func(m *muxConn) {
		defer m.Close()
		if m.send(putMux(muxHello, muxVersion)) != nil {
			return
		}
		m.receive() // its hello
		r, err := m.receive()
		if err != nil {
			return
		}
		r.uint32()
		id := r.uint32()
		if standing.Add(1) == n {
			close(all)
		}
		select {
		case <-all:
			m.send(putMux(muxOK, id))
		case <-time.After(cancelTimeout / 10):
			standing.Add(-1)
		}
	}
	wg.Go(func() {
		for {
			k, err := l.AcceptUnix()
			if err != nil {
				return
			}
			wg.Go(func() { serve(&muxConn{UnixConn: k}) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
		os.RemoveAll(dir)
	})
	return &standing, l.Addr().String()
}
