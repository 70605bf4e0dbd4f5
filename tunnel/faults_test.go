package tunnel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// halfDownload has a script serve a half of a file by any verb, then f.
func (s *ftpScript) halfDownload(verb string, f func(io.WriteCloser)) {
	s.login()
	var c net.Conn
	if verb == "PASV" || verb == "EPSV" {
		c = s.accept(s.passive())
	} else {
		at := s.port()
		s.say("200 ok")
		c = s.dial(at)
	}
	s.want("RETR f")
	s.say("150 here")
	c.Write([]byte("half"))
	f(c)
}

// A lost transport looks like an end of file to the FTP server, and must not
// to the client: it sees a reset, and a 421.
func TestTransportLostInDownload(t *testing.T) {
	for _, verb := range []string{"PASV", "EPSV", "PORT"} {
		t.Run(verb, func(t *testing.T) {
			inLab(t, &Tunnel{}, func(s *ftpScript) {
				s.halfDownload(verb, func(io.WriteCloser) {})
				s.idle()
			}, func(l *lab) {
				c := l.login()
				conn := c.begin(verb, "RETR f")
				readHalf(t, conn)
				l.ssh.lose()
				if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("data connection: %v", err)
				}
				c.hear("421", "426")
				c.wasCut(l, "f", 4)
			})
		})
	}
}

// A client that closes its data connection because it was told that the server
// is lost has not aborted the transfer itself. It reads slowly, so that the
// tunnel has not come to the end of what the server had sent.
func TestServerLostThenClientCloses(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.halfDownload("PASV", func(c io.WriteCloser) { c.Write(make([]byte, 8<<20)) })
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "RETR f")
		synctest.Wait()
		l.ssh.lose()
		c.hear("421")
		conn.(*memConn).Abort()
		if e := await(l.world, any1[TransferEnded]); e.Err == nil || e.Aborted {
			t.Errorf("event %+v", e)
		}
		if cut := l.tunnel.Cut(); len(cut) != 1 {
			t.Errorf("cut %+v", cut)
		}
	})
}

// A client that half-closes its data connection after the server has closed
// the other end loses nothing of what it is still reading.
func TestClientHalfClosesAfterServer(t *testing.T) {
	const size = 100 << 10 // fits in what lies between the two
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.halfDownload("PORT", func(c io.WriteCloser) {
			c.Write(make([]byte, size))
			c.Close()
			s.say("226 done")
		})
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PORT", "RETR f")
		readHalf(t, conn)
		synctest.Wait()
		conn.(*memConn).CloseWrite()
		rest, err := io.Copy(io.Discard, conn)
		if rest != size || err != nil {
			t.Errorf("%d bytes, %v", rest, err)
		}
		c.hear("226")
	})
}

// The server's 226 has overtaken the data that is lost.
func TestTransportLostAfterReply(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.halfDownload("PASV", func(io.WriteCloser) { s.say("226 done") })
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "RETR f")
		readHalf(t, conn)
		synctest.Wait()
		l.ssh.lose()
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("data connection: %v", err)
		}
		c.hear("426")
		c.hear("421")
		c.wasCut(l, "f", 4)
	})
}

func TestTransportLostInUpload(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("STOR f")
		s.say("150 here")
		hearEnd(c)
		s.say("226 done") // to nobody
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "STOR f")
		conn.Write([]byte("half"))
		synctest.Wait()
		l.ssh.lose()
		if _, err := hearEnd(conn); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("data connection: %v", err)
		}
		c.hear("421", "426")
		c.wasCut(l, "f", 4)
	})
}

// The client has sent all of its file and its end, and then the transport is
// lost before the server has said that it has it.
func TestTransportLostAfterUpload(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("STOR f")
		s.say("150 here")
		hearEnd(c)
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "STOR f")
		conn.Write([]byte("whole"))
		conn.Close()
		synctest.Wait()
		l.ssh.lose()
		c.hear("421", "426")
		c.wasCut(l, "f", 5)
	})
}

func TestTransportLostWhileIdle(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.idle()
	}, func(l *lab) {
		c := l.login()
		l.ssh.lose()
		c.hear("421")
		c.ended()
		if e := await(l.world, any1[SessionEnded]); !errors.Is(e.Err, errLost) {
			t.Errorf("event %+v", e)
		}
		l.ssh.set(func(s *memSide) { s.lost = nil })
		l.login() // the next client is served
	})
}

func readHalf(t *testing.T, conn net.Conn) {
	t.Helper()
	b := make([]byte, 4)
	if _, err := io.ReadFull(conn, b); err != nil || string(b) != "half" {
		t.Fatalf("%q, %v", b, err)
	}
}

// wasCut checks what is said of a transfer that the tunnel has cut.
func (c *ftpClient) wasCut(l *lab, path string, bytes int64) {
	c.t.Helper()
	e := await(l.world, any1[TransferEnded])
	if e.Path != path || e.Bytes != bytes || e.Err == nil || e.Aborted {
		c.t.Errorf("event %+v", e)
	}
	cut := l.tunnel.Cut()
	if len(cut) != 1 || cut[0].Path != path || cut[0].Bytes != bytes || cut[0].Err == nil {
		c.t.Errorf("cut %+v", cut)
	}
}

// A client that resets an upload: its ABOR goes first, the server's end stays
// open until the reply, and 2yz becomes 426.
func TestUploadReset(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("STOR f")
		s.say("150 here")
		s.want("ABOR")
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
		s.say("226 done")
		within(s.t, 0, func() { hearEnd(c) })
		s.say("226 aborted")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "STOR f")
		conn.Write([]byte("half"))
		synctest.Wait()
		c.say("ABOR")
		conn.(*memConn).Abort()
		c.hear("226", "426")
		c.hear("226")
		synctest.Wait()
		if e := await(l.world, any1[TransferEnded]); !e.Aborted || e.Bytes != 4 {
			t.Errorf("event %+v", e)
		}
		if cut := l.tunnel.Cut(); len(cut) != 0 {
			t.Errorf("cut %+v", cut)
		}
	})
}

// Without an ABOR the server hears of it after a second.
func TestUploadResetWithoutAbort(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("STOR f")
		s.say("150 here")
		io.ReadFull(c, make([]byte, 4))
		within(s.t, 2*time.Second, func() { hearEnd(c) })
		s.say("226 done")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "STOR f")
		conn.Write([]byte("half"))
		time.Sleep(time.Second)
		conn.(*memConn).Abort()
		if got := c.hear("426"); !strings.Contains(got, " 4 bytes") {
			t.Errorf("got %q", got)
		}
	})
}

// A client that wants no more of a download closes its end; the server's is
// closed at once and its own words are relayed.
func TestDownloadReset(t *testing.T) {
	for _, how := range []string{"close", "reset"} {
		t.Run(how, func(t *testing.T) {
			inLab(t, &Tunnel{}, func(s *ftpScript) {
				s.halfDownload("PASV", func(c io.WriteCloser) {
					for {
						if _, err := c.Write(random(8<<10, 3)); err != nil {
							break
						}
					}
					s.say("426 they left")
				})
				s.idle()
			}, func(l *lab) {
				c := l.login()
				conn := c.begin("PASV", "RETR f")
				readHalf(t, conn)
				if how == "close" {
					conn.Close()
				} else {
					conn.(*memConn).Abort()
				}
				within(t, 0, func() { c.hear("426") })
				if e := await(l.world, any1[TransferEnded]); !e.Aborted || e.Err != nil {
					t.Errorf("event %+v", e)
				}
				if cut := l.tunnel.Cut(); len(cut) != 0 {
					t.Errorf("cut %+v", cut)
				}
			})
		})
	}
}

// A client that has closed its end of a download before the server's 150 came has
// aborted it as well as one that closes it later, whatever the server says.
func TestDownloadClosedBeforeItBegins(t *testing.T) {
	for how, leave := range map[string]func(net.Conn){
		"close": func(c net.Conn) { c.Close() },
		"reset": abort,
	} {
		t.Run(how, func(t *testing.T) {
			inLab(t, &Tunnel{}, func(s *ftpScript) {
				s.login()
				c := s.accept(s.passive())
				s.want("RETR f")
				time.Sleep(time.Second) // the client leaves
				c.Write(random(8<<10, 3))
				time.Sleep(2 * time.Second)
				s.say("150 here", "226 done")
				s.idle()
			}, func(l *lab) {
				c := l.login()
				conn := c.ask("PASV").open()
				c.say("RETR f")
				synctest.Wait()
				leave(conn)
				c.hear("150")
				c.hear("226", "426")
				synctest.Wait()
				if e := await(l.world, any1[TransferEnded]); !e.Aborted {
					t.Errorf("event %+v", e)
				}
			})
		})
	}
}

// A transfer that was cut is made good by another attempt.
func TestCutMadeGood(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		for i := range 2 {
			c := s.accept(s.passive())
			s.want("RETR f")
			s.say("150 here")
			c.Write([]byte("half"))
			c.Close()
			if i == 0 {
				s.say("451 disk trouble")
			} else {
				s.say("226 done")
			}
		}
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "RETR f")
		hearEnd(conn)
		c.hear("451")
		synctest.Wait()
		if cut := l.tunnel.Cut(); len(cut) != 1 || cut[0].Reply != "451 disk trouble" {
			t.Errorf("cut %+v", cut)
		}
		c.get("PASV", "RETR f")
		synctest.Wait()
		if cut := l.tunnel.Cut(); len(cut) != 0 {
			t.Errorf("cut %+v", cut)
		}
	})
}

// The server is gone without a word while its data goes on: the data is
// delivered, and the client is told.
func TestServerControlEndsInDownload(t *testing.T) {
	file := random(500<<10, 4)
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.halfDownload("PASV", func(c io.WriteCloser) {
			time.Sleep(time.Second) // the client has its data connection then
			s.conn.Close()
			c.Write(file)
			c.Close()
		})
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "RETR f")
		time.Sleep(time.Minute)
		if b, err := io.ReadAll(conn); !bytes.Equal(b, append([]byte("half"), file...)) || err != nil {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		c.hear("421")
		c.ended()
		if e := await(l.world, any1[TransferEnded]); e.Err == nil {
			t.Errorf("event %+v", e)
		}
	})
}

// A client that ends its control connection in mid-transfer gets the rest of
// its data; the server is passed the end of file.
func TestClientControlEndsInDownload(t *testing.T) {
	file := random(500<<10, 5)
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.halfDownload("PASV", func(c io.WriteCloser) {
			if rest, err := io.ReadAll(s.r); len(rest) > 0 || err != nil {
				s.fail("control: %q, %v", rest, err)
			}
			time.Sleep(10 * time.Minute)
			c.Write(file)
			c.Close()
			s.say("226 done")
		})
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "RETR f")
		c.conn.(*memConn).CloseWrite()
		if b, err := io.ReadAll(conn); len(b) != 4+len(file) || err != nil {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		c.hear("226")
	})
}

// A server that stays although its client is gone is left after a minute.
func TestAbandonedServer(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		io.ReadAll(s.r)
		buf := make([]byte, 1)
		within(s.t, 0, func() { s.conn.Read(buf) })
		time.Sleep(10 * time.Minute)
	}, func(l *lab) {
		c := l.login()
		c.conn.Close()
		within(t, 60*time.Second, func() { await(l.world, any1[SessionEnded]) })
	})
}

// A server that ends its control connection in a download and leaves the data
// connection open, silent, does not keep its client waiting for ever.
func TestServerControlEndsDataSilent(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.halfDownload("PASV", func(io.WriteCloser) {})
		s.conn.Close()
	}, func(l *lab) {
		c := l.login()
		conn := c.begin("PASV", "RETR f")
		within(t, 60*time.Second, func() {
			if n, err := hearEnd(conn); n != 4 || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%d bytes, %v", n, err)
			}
		})
		c.hear("421")
		c.wasCut(l, "f", 4)
	})
}

// A cut upload whose session is stopped before the server has answered does not
// end as a file does.
func TestUploadResetThenStopped(t *testing.T) {
	saw := make(chan error, 1)
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("STOR f")
		s.say("150 go on")
		_, err := hearEnd(c)
		saw <- err
	}, func(l *lab) {
		l.ssh.ssh = false // a server on this machine's own network sees resets
		c := l.login()
		conn := c.begin("PASV", "STOR f")
		conn.Write([]byte("half"))
		synctest.Wait()
		abort(conn)
		synctest.Wait()
		l.stop()
		synctest.Wait()
		select {
		case err := <-saw:
			if !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the server's data connection ended with %v", err)
			}
		default:
			t.Error("the server's data connection stays")
		}
	})
}

// A server that stops reading an upload and calls it complete has not got the
// file. One that says why it stopped is believed.
func TestUploadNotRead(t *testing.T) {
	for reply, want := range map[string]string{"226 done": "426", "552 quota": "552"} {
		t.Run(want, func(t *testing.T) {
			inLab(t, &Tunnel{}, func(s *ftpScript) {
				s.login()
				c := s.accept(s.passive())
				s.want("STOR f")
				s.say("150 here")
				io.ReadFull(c, make([]byte, 4))
				c.Close()
				s.say(reply)
				s.idle()
			}, func(l *lab) {
				c := l.login()
				conn := c.begin("PASV", "STOR f")
				if _, err := conn.Write(random(1<<20, 6)); err == nil {
					t.Error("all of it was taken")
				}
				c.hear(want)
				e := await(l.world, any1[TransferEnded])
				if e.Aborted || fmt.Sprint(e.Code) != want || (e.Err != nil) != (want == "426") {
					t.Errorf("event %+v", e)
				}
			})
		})
	}
}
