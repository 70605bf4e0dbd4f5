package tunnel

import (
	"crypto/tls"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ftptunnel/ftpinspect"
	"ftptunnel/testenv"
)

// Every line is one write, and both forms of it are reported; secrets are not.
func TestDialogue(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.passive()
		s.idle()
	}, func(l *lab) {
		c := l.connect()
		c.hear("220")
		c.do("USER joe", "331")
		c.do("PASS hunter2", "230")
		c.do("PASV", "227")
		synctest.Wait()
		var said []string
		for _, d := range all[Dialogue](l.world) {
			said = append(said, d.From.String()+": "+d.Before+" > "+d.After)
		}
		text := strings.Join(said, "\n")
		if strings.Contains(text, "hunter2") {
			t.Error("the password is reported")
		}
		for _, want := range []string{
			"server: 220 ready > 220 ready",
			"client: USER joe > USER joe",
			"client: PASS **** > PASS ****",
			"client: PASV > PASV",
			"server: 227 Entering Passive Mode (127,0,0,1,",
			"server:  > 227 Entering Passive Mode (10,0,0,2,",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	})
}

// A client that writes and does not read is held back, and its server with it;
// all goes on when it reads again.
func TestBackPressure(t *testing.T) {
	const lines = 20000
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		for range lines {
			s.want("NOOP")
			s.say("200 " + strings.Repeat("x", 50))
		}
		s.say("221 bye")
	}, func(l *lab) {
		c := l.login()
		written := make(chan struct{})
		go func() {
			defer close(written)
			for range lines {
				c.conn.Write([]byte("NOOP\r\n"))
			}
		}()
		time.Sleep(time.Minute)
		select {
		case <-written:
			t.Error("everything was taken from a client that does not read")
		default:
		}
		for range lines {
			c.hear("200")
		}
		c.hear("221")
		<-written
	})
}

// An HTTP request is no FTP command, and what follows it never leaves.
func TestBrowser(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.say("220 ready")
		if rest, _ := io.ReadAll(s.r); len(rest) > 0 {
			s.fail("got %q", rest)
		}
	}, func(l *lab) {
		c := l.connect()
		c.hear("220")
		c.say("POST / HTTP/1.1\r\nHost: localhost\r\n\r\nUSER evil\r\nPASS x")
		c.ended()
		if e := await(l.world, any1[Note]); e.Kind != ftpinspect.NoteNotClient {
			t.Errorf("event %+v", e)
		}
	})
}

// A command line without end is refused, and costs no memory.
func TestEndlessLine(t *testing.T) {
	inLab(t, &Tunnel{}, func(s *ftpScript) {
		s.login()
		s.want("NOOP")
		s.say("200 yes")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		chunk := []byte(strings.Repeat("A", 4096))
		for range 1000 {
			c.conn.Write(chunk)
		}
		c.say("")
		c.hear("500")
		c.do("NOOP", "200")
	})
}

// With TLSPass a session is opaque after the server's 234: login and listing
// by name run encrypted from end to end.
func TestOpaque(t *testing.T) {
	config, pool, err := testenv.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	ftp := ftpServer(t, testenv.FTPOptions{TLS: config})
	w := serve(t, &Tunnel{Target: ftp.Addr(), TLS: ftpinspect.TLSPass}, listen(t, "127.0.0.1:0"))
	c := connect(t, Local{}, w.addr)
	c.hear("220")
	c.do("AUTH TLS", "234")
	secure := tls.Client(c.conn, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
	c.conn = secure
	c.r.Reset(secure)
	c.do("USER test", "331")
	c.do("PASS test", "230")
	c.do("PWD", "257")
	c.do("QUIT", "221")
	secure.Close()
	if e := await(w, any1[SessionEnded]); e.Err != nil {
		t.Errorf("event %+v", e)
	}
	for _, d := range all[Dialogue](w) {
		if strings.Contains(d.Before+d.After, "USER") {
			t.Errorf("an encrypted line was read: %+v", d)
		}
	}
}
