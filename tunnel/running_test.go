package tunnel

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ftptunnel/ftpinspect"
)

// A transfer is seen while it runs: what it is, how far it has come, and how
// far it has to go.
func TestRunning(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("RETR f")
		s.say("150 Opening BINARY mode data connection for f (10 bytes).")
		c.Write([]byte("half"))
		time.Sleep(5 * time.Second)
		c.Write([]byte("+ half"))
		time.Sleep(5 * time.Second)
		c.Close()
		s.say("226 done")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		if r := l.tunnel.Running(); len(r) > 0 {
			t.Errorf("%+v before the first", r)
		}
		began := time.Now()
		go io.Copy(io.Discard, c.begin("PASV", "RETR f"))
		for _, bytes := range []int64{4, 10} {
			synctest.Wait()
			want := []Running{{
				Number: 1, Session: 1, Target: "127.0.0.1:21", Path: "f", Verb: "RETR",
				Direction: ftpinspect.Download, Size: 10, Bytes: bytes, Began: began,
			}}
			if r := l.tunnel.Running(); !slices.Equal(r, want) {
				t.Errorf("%+v, want %+v", r, want)
			}
			time.Sleep(5 * time.Second)
		}
		c.hear("226")
		synctest.Wait()
		if r := l.tunnel.Running(); len(r) > 0 {
			t.Errorf("%+v after the last", r)
		}
		if e := await(l.world, func(e TransferStarted) bool { return true }); e.Size != 10 {
			t.Errorf("%+v", e)
		}
	})
}

// A transfer is listed before its data connection has come, and whatever ends
// it takes it off the list.
func TestRunningWithoutData(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.passive()
		s.want("STOR f")
		s.say("150 here")
		s.want("NOOP")
		s.say("426 gone", "200 ok")
		s.passive()
		s.want("RETR g")
		s.say("150 here")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		c.ask("PASV")
		c.do("STOR f", "150")
		synctest.Wait()
		if r := l.tunnel.Running(); len(r) != 1 || r[0].Path != "f" || r[0].Direction != ftpinspect.Upload || r[0].Size+r[0].Bytes != 0 {
			t.Errorf("%+v", r)
		}
		c.do("NOOP", "426")
		c.hear("200")
		c.ask("PASV")
		c.do("RETR g", "150")
		synctest.Wait()
		if r := l.tunnel.Running(); len(r) != 1 || r[0].Number != 2 || r[0].Path != "g" {
			t.Errorf("%+v", r)
		}
		l.ssh.lose()
		synctest.Wait()
		l.stop()
		if r := l.tunnel.Running(); len(r) > 0 {
			t.Errorf("%+v after the end", r)
		}
	})
}

// The transfers of several sessions are listed in the order of their beginning.
func TestRunningInParallel(t *testing.T) {
	const clients = 8
	content := bytes.Repeat([]byte("x"), 1000)
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("RETR")
		s.say("150 data (1000 bytes)")
		c.Write(content)
		s.idle()
	}, func(l *lab) {
		for range clients {
			c := l.login()
			go io.Copy(io.Discard, c.begin("PASV", "RETR f"))
			synctest.Wait()
		}
		r := l.tunnel.Running()
		if len(r) != clients {
			t.Fatalf("%+v", r)
		}
		for i, one := range r {
			if n := uint64(i + 1); one.Number != n || one.Session != n || one.Bytes != 1000 || one.Size != 1000 {
				t.Errorf("%+v", one)
			}
		}
	})
}
