package tunnel

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"ftptunnel/ftpinspect"
)

// warm makes one download, so that the tunnel knows that dialling works.
func (s *ftpScript) warm() {
	l := s.passive()
	c := s.accept(l)
	s.want("RETR warm")
	s.deliver(c, "warm")
}

func (c *ftpClient) warm() {
	c.t.Helper()
	if got := c.get("PASV", "RETR warm"); string(got) != "warm" {
		c.t.Errorf("got %q", got)
	}
}

// The first dial to a target precedes the reply, so that a refusal is a 425.
func TestFirstDialRefused(t *testing.T) {
	inLab(t, &Tunnel{Mode: ftpinspect.ModePassive}, func(s *ftpScript) {
		s.login()
		s.passiveNowhere()
		s.want("NOOP")
		s.say("200 yes")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		c.do("PASV", "425")
		c.do("NOOP", "200")
		e := await(l.world, any1[DataFailed])
		if e.End != Server || e.Listen || !strings.HasPrefix(e.Address, "127.0.0.1:") || !errors.Is(e.Err, syscall.ECONNREFUSED) {
			t.Errorf("event %+v", e)
		}
	})
}

// A later dial runs beside the reply. When it fails, the client's data
// connection is reset, and the server's silence ends in a 421.
func TestLaterDialRefused(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.warm()
		s.passiveNowhere()
		s.want("RETR f")
		s.say("150 here")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		c.warm()
		l.ssh.set(func(s *memSide) { s.delay = time.Second })
		c.say("PASV")
		c.say("RETR f") // pipelined: it follows at once
		d := c.passive("PASV", c.hear("227"))
		conn, err := c.side.DialContext(l.t.Context(), "tcp", d.addr)
		if err == nil {
			if _, err = hearEnd(conn); err == nil {
				t.Error("the data connection ended as a file does")
			}
		}
		c.hear("150")
		within(t, 5*time.Second, func() { c.hear("421") })
		c.ended()
	})
}

func TestDialLimit(t *testing.T) {
	inLab(t, &Tunnel{Mode: ftpinspect.ModePassive}, func(s *ftpScript) {
		s.login()
		s.passive()
		s.idle()
	}, func(l *lab) {
		c := l.login()
		l.ssh.set(func(s *memSide) { s.hang = true })
		within(t, 10*time.Second, func() {
			if got := c.do("PASV", "425"); !strings.Contains(got, "no answer within 10s") {
				t.Errorf("got %q", got)
			}
		})
	})
}

// A listener that nobody comes to is closed after 60 s.
func TestExpectationUnused(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		if _, err := hearEnd(c); err != nil {
			s.fail("data connection: %v", err)
		}
		s.want("NOOP")
		s.say("200 yes")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		d := c.ask("PASV")
		time.Sleep(59 * time.Second)
		d.open().Close()
		c.do("NOOP", "200")
	})
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		within(t, 60*time.Second, func() { hearEnd(c) })
		s.want("NOOP")
		s.say("200 yes")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		d := c.ask("PASV")
		time.Sleep(61 * time.Second)
		if _, err := c.side.DialContext(l.t.Context(), "tcp", d.addr); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial after a minute: %v", err)
		}
		c.do("NOOP", "200")
	})
}

// What is joined has no time limit: clients connect long before they transfer.
func TestJoinedStays(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("RETR f")
		s.deliver(c, "late")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.ask("PASV").open()
		time.Sleep(time.Hour)
		c.do("RETR f", "150")
		if b, err := io.ReadAll(conn); string(b) != "late" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
		c.hear("226")
	})
}

// A server that calls a transfer complete and then falls silent is broken off
// after 60 s, with a reset and a 426.
func TestSilentServer(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("RETR f")
		s.say("150 here")
		c.Write([]byte("half"))
		s.say("226 done")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "RETR f")
		within(t, 60*time.Second, func() {
			if n, err := hearEnd(conn); n != 4 || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%d bytes, %v", n, err)
			}
		})
		if got := c.hear("426"); !strings.Contains(got, " 4 bytes") {
			t.Errorf("got %q", got)
		}
		e := await(l.world, any1[TransferEnded])
		if e.Bytes != 4 || e.Err == nil || e.Aborted || e.Code != 426 {
			t.Errorf("event %+v", e)
		}
		if cut := l.tunnel.Cut(); len(cut) != 1 || cut[0].Path != "f" || cut[0].Bytes != 4 {
			t.Errorf("cut %+v", cut)
		}
	})
}

// A client that reads nothing for a day gets its file all the same.
func TestStoppedClient(t *testing.T) {
	file := random(1<<20, 2)
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("RETR f")
		s.say("150 here")
		s.say("226 done")
		c.Write(file)
		c.Close()
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "RETR f")
		time.Sleep(24 * time.Hour)
		if b, err := io.ReadAll(conn); !bytes.Equal(b, file) || err != nil {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		c.hear("226")
	})
}

// Each end of file is passed on once, at once, and after every byte: ProFTPD
// waits for the client's before it says 226.
func TestHalfClose(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("RETR f")
		s.say("150 here")
		c.Write([]byte("file"))
		c.(*memConn).CloseWrite()
		if n, err := hearEnd(c); n != 0 || err != nil {
			s.fail("the client's end: %d bytes, %v", n, err)
		}
		s.say("226 done")
		c = s.accept(s.passive())
		s.want("STOR g")
		s.say("150 here")
		if b, err := io.ReadAll(c); string(b) != "upload" || err != nil {
			s.fail("upload %q, %v", b, err)
		}
		s.say("226 done")
		s.want("NOOP") // its own end is still open
		s.say("200 yes")
		c.Close()
		s.idle()
	}, func(l *lab) {
		c := l.login()
		within(t, 0, func() {
			conn := c.begin("PASV", "RETR f")
			if b, err := io.ReadAll(conn); string(b) != "file" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
			conn.Close()
			c.hear("226")
			conn = c.begin("PASV", "STOR g")
			conn.Write([]byte("upload"))
			conn.(*memConn).CloseWrite()
			c.hear("226")
			c.do("NOOP", "200")
			if n, err := hearEnd(conn); n != 0 || err != nil {
				t.Errorf("the server's end: %d bytes, %v", n, err)
			}
		})
	})
}

// A passive connection is kept after a 550: four of five servers go on with it.
func TestKeptAfterRefusal(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("RETR missing")
		s.say("550 no such file")
		s.want("LIST")
		s.deliver(c, "list")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.ask("PASV").open()
		c.do("RETR missing", "550")
		time.Sleep(10 * time.Minute)
		c.do("LIST", "150")
		if b, err := io.ReadAll(conn); string(b) != "list" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
		c.hear("226")
	})
}

// The next data connection ends the one before, which nobody has used.
func TestForgotten(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		first := s.accept(s.passive())
		second := s.accept(s.passive())
		if _, err := hearEnd(first); err != nil {
			s.fail("first: %v", err)
		}
		s.want("RETR f")
		s.deliver(second, "file")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		first := c.ask("PASV").open()
		again := c.ask("PASV")
		if _, err := hearEnd(first); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("first connection ended with %v", err)
		}
		second := again.open()
		c.do("RETR f", "150")
		if b, err := io.ReadAll(second); string(b) != "file" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
		c.hear("226")
	})
}

// An upload may be over before the server's end is connected.
func TestEmptyUploadBeforeDial(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.warm()
		c := s.accept(s.passive())
		s.want("STOR empty")
		s.say("150 here")
		if n, err := hearEnd(c); n != 0 || err != nil {
			s.fail("%d bytes, %v", n, err)
		}
		s.say("226 done")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		c.warm()
		l.ssh.set(func(s *memSide) { s.delay = 3 * time.Second })
		within(t, 3*time.Second, func() {
			d := c.ask("PASV")
			d.open().Close()
			c.do("STOR empty", "150")
			c.hear("226")
		})
	})
}

// An active server may connect before its 200 (pyftpdlib 1.5.7), and does
// before its 150.
func TestActiveServerConnectsEarly(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.dial(s.port())
		time.Sleep(time.Second)
		s.say("200 connected")
		s.want("RETR f")
		s.deliver(c, "file")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		ls, err := c.side.Listen(l.t.Context(), "tcp", "10.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ls.Close()
		within(t, time.Second, func() {
			c.say(portLine("PORT", addrPort(ls.Addr())))
			conn, err := ls.Accept()
			if err != nil {
				t.Fatal(err)
			}
			c.hear("200")
			c.do("RETR f", "150")
			if b, err := io.ReadAll(conn); string(b) != "file" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
			conn.Close()
			c.hear("226")
		})
	})
}

// ProFTPD 1.3.8 dials the same PORT address for every transfer.
func TestActiveServerDialsAgain(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		at := s.port()
		s.say("200 ok")
		for range 3 {
			f := s.want("RETR ")
			c := s.dial(at)
			s.say("150 here")
			c.Write([]byte(f))
			c.Close()
			s.say("226 done")
		}
		s.idle()
	}, func(l *lab) {
		c := l.login()
		d := c.ask("PORT")
		for _, f := range []string{"RETR a", "RETR b", "RETR c"} {
			c.say(f)
			conn := d.open()
			if b, err := io.ReadAll(conn); string(b) != f || err != nil {
				t.Errorf("%q, %v", b, err)
			}
			conn.Close()
			c.hear("150")
			c.hear("226")
			time.Sleep(5 * time.Minute)
		}
	})
}

// Somebody who connects to the port of a remote forward while it is in use may
// be the server as well as not: both lose, and the port is not used again.
func TestRacedForPort(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		at := s.port()
		s.say("200 ok")
		s.want("RETR f")
		thief := s.dial(at)
		synctest.Wait()
		mine := s.dial(at)
		hearEnd(mine)
		hearEnd(thief)
		s.say("425 no data connection")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		d := c.ask("PORT")
		c.say("RETR f")
		if _, err := hearEnd(d.open()); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("data connection ended with %v", err)
		}
		c.hear("425")
		if e := await(l.world, any1[Refused]); e.Why != RacedForPort {
			t.Errorf("event %+v", e)
		}
		synctest.Wait()
		l.ssh.set(func(s *memSide) {
			if len(s.retired) != 1 {
				t.Errorf("retired %v", s.retired)
			}
		})
	})
}

// A stranger neither gets the data connection nor uses it up.
func TestStranger(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("RETR f")
		s.deliver(c, "secret")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		d := c.ask("PASV")
		for range 3 {
			s, err := l.net.host("10.0.0.66").DialContext(l.t.Context(), "tcp", d.addr)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := hearEnd(s); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the stranger got %d bytes, %v", n, err)
			}
			await(l.world, func(e Refused) bool { return e.Why == ForeignAddress })
		}
		conn := d.open()
		if _, err := c.side.DialContext(l.t.Context(), "tcp", d.addr); err == nil {
			synctest.Wait()
			if _, err = c.side.DialContext(l.t.Context(), "tcp", d.addr); err == nil {
				t.Error("the listener takes a second connection")
			}
		}
		c.do("RETR f", "150")
		if b, err := io.ReadAll(conn); string(b) != "secret" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
		c.hear("226")
	})
}

// A remote forward on the loopback address takes nobody from outside.
func TestStrangerAtRemoteForward(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		at := s.port()
		s.say("200 ok")
		outside, err := s.side.net.host("192.0.2.1").DialContext(s.t.Context(), "tcp", at)
		if err != nil {
			s.fail("%v", err)
		}
		hearEnd(outside)
		s.want("RETR f")
		c := s.dial(at)
		s.deliver(c, "file")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		if got := c.get("PORT", "RETR f"); string(got) != "file" {
			t.Errorf("%q", got)
		}
		if e := await(l.world, any1[Refused]); e.Why != ForeignAddress {
			t.Errorf("event %+v", e)
		}
	})
}

// Both ends dialled: the client is dialled once the transfer has begun, so that
// a refused one does not cost it its listener.
func TestBridgedClientWaits(t *testing.T) {
	inLab(t, &Tunnel{Mode: ftpinspect.ModePassive}, func(s *ftpScript) {
		s.login()
		ls := s.passive()
		c := s.accept(ls)
		s.want("RETR missing")
		s.say("550 no such file")
		s.want("RETR f")
		s.deliver(c, "file")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		d := c.ask("PORT")
		c.do("RETR missing", "550")
		time.Sleep(10 * time.Minute)
		c.say("RETR f")
		conn := d.open()
		if b, err := io.ReadAll(conn); string(b) != "file" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
		c.hear("150")
		c.hear("226")
	})
}

// A client that cannot be dialled costs the server its connection.
func TestClientCannotBeDialled(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.dial(s.port())
		s.say("200 ok")
		hearEnd(c)
		s.want("RETR f")
		s.say("425 no data connection")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		c.do("PORT 10,0,0,1,200,1", "200")
		e := await(l.world, any1[DataFailed])
		if e.End != Client || e.Address != "10.0.0.1:51201" {
			t.Errorf("event %+v", e)
		}
		c.do("RETR f", "425")
	})
}

// The server says 226 before its data connection is there, and then it falls
// silent on that.
func TestSilentServerLateData(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		at := s.port()
		s.say("200 ok")
		s.want("RETR f")
		s.say("150 here", "226 done")
		time.Sleep(time.Second)
		s.dial(at).Write([]byte("half"))
		s.idle()
	}, func(l *lab) {
		c := l.login()
		d := c.ask("PORT")
		c.do("RETR f", "150")
		conn := d.open()
		within(t, 60*time.Second, func() {
			if n, err := hearEnd(conn); n != 4 || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%d bytes, %v", n, err)
			}
		})
		c.hear("426")
	})
}

// A transfer that was begun and refused has no claim on the connection of the
// one after it.
func TestDialsAfterRefusal(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		at := s.port()
		s.say("200 ok")
		s.want("RETR a")
		s.say("150 here", "425 no data connection")
		s.want("RETR b")
		s.say("150 here")
		c := s.dial(at)
		c.Write([]byte("file"))
		c.Close()
		s.say("226 done")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		d := c.ask("PORT")
		c.do("RETR a", "150")
		c.hear("425")
		c.do("RETR b", "150")
		conn := d.open()
		io.Copy(io.Discard, conn)
		conn.Close()
		c.hear("226")
		synctest.Wait()
		ended := all[TransferEnded](l.world)
		if len(ended) != 2 || ended[1].Path != "b" || ended[1].Bytes != 4 {
			t.Errorf("events %+v", ended)
		}
	})
}

// A server that calls a download complete without another word is believed
// before the data has come; the transfer's end is told once, with its bytes.
func TestLateDataOfLoneReply(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.warm()
		l := s.passive()
		s.want("RETR f")
		s.say("226 done")
		c := s.accept(l)
		c.Write([]byte("content"))
		c.Close()
		s.idle()
	}, func(l *lab) {
		c := l.login()
		c.warm()
		l.ssh.set(func(s *memSide) { s.delay = time.Second })
		d := c.ask("PASV")
		c.do("RETR f", "226")
		conn := d.open()
		if n, err := hearEnd(conn); n != len("content") || err != nil {
			t.Errorf("got %d bytes, %v", n, err)
		}
		conn.Close()
		synctest.Wait()
		var ended []TransferEnded
		for _, e := range all[TransferEnded](l.world) {
			if e.Path == "f" && e.Code == 226 {
				ended = append(ended, e)
			}
		}
		if len(ended) != 1 || ended[0].Bytes != int64(len("content")) || ended[0].Err != nil {
			t.Errorf("events %+v", ended)
		}
	})
}
