package tunnel

import (
	"errors"
	"io"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// drained waits for Serve to return.
func (l *lab) drained() {
	l.t.Helper()
	if err := <-l.served; err != nil {
		l.t.Errorf("Serve: %v", err)
	}
}

func TestDrainIdle(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.idle()
	}, func(l *lab) {
		c := l.login()
		synctest.Wait()
		l.tunnel.Drain()
		l.tunnel.Drain() // again does nothing
		within(t, 0, func() {
			c.hear("421")
			c.ended()
			l.drained()
		})
		if _, err := l.clients.DialContext(l.t.Context(), "tcp", l.addr); err == nil {
			t.Error("a drained tunnel accepts")
		}
	})
}

// A client that does not listen cannot hold the end up.
func TestDrainDeafClient(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.idle()
	}, func(l *lab) {
		l.login()
		synctest.Wait()
		l.tunnel.Drain()
		within(t, time.Second, l.drained)
	})
}

func TestDrainFinishesTransfers(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.halfDownload("PASV", func(c io.WriteCloser) {
			time.Sleep(20 * time.Second)
			c.Write([]byte("half"))
			c.Close()
			s.say("226 done")
		})
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "RETR f")
		l.tunnel.Drain()
		within(t, 20*time.Second, func() {
			if n, err := hearEnd(conn); n != 8 || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
			c.hear("226")
			c.hear("421")
			c.ended()
			l.drained()
		})
	})
}

func TestDrainGrace(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.halfDownload("PASV", func(io.WriteCloser) {})
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "RETR f")
		l.tunnel.Drain()
		within(t, 30*time.Second, func() {
			if n, err := hearEnd(conn); n > 4 || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%d bytes, %v", n, err)
			}
			c.hear("421")
			c.ended()
			l.drained()
		})
		if cut := l.tunnel.Cut(); len(cut) != 1 {
			t.Errorf("cut %+v", cut)
		}
	})
}

// A stop is at once: data is reset, and the client is told.
func TestStop(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.halfDownload("PASV", func(io.WriteCloser) {})
		s.idle()
	}, func(l *lab) {
		idle := l.connect()
		idle.hear("220")
		c := l.login()
		conn := c.begin("PASV", "RETR f")
		synctest.Wait()
		within(t, 0, func() {
			l.stop()
			if n, err := hearEnd(conn); n > 4 || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%d bytes, %v", n, err)
			}
			c.hear("421")
			c.ended()
			idle.hear("421")
			idle.ended()
			l.drained()
		})
	})
}

// A listener that fails ends Serve with its error, after the sessions.
func TestListenerFails(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.idle()
	}, func(l *lab) {
		c := l.login()
		synctest.Wait()
		l.net.mu.Lock()
		ls := l.net.listeners[l.addr]
		l.net.mu.Unlock()
		ls.Close()
		c.hear("421")
		c.ended()
		if err := <-l.served; err == nil {
			t.Error("Serve returned nil")
		}
	})
}

// A client that has a data connection and has begun no transfer is idle.
func TestDrainUnusedData(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.accept(s.passive())
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.ask("PASV").open()
		synctest.Wait()
		l.tunnel.Drain()
		within(t, 0, func() {
			c.hear("421")
			c.ended()
			if _, err := hearEnd(conn); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("data connection: %v", err)
			}
			l.drained()
		})
	})
}
