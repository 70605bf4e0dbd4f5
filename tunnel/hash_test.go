package tunnel

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"ftptunnel/ftpinspect"
	"ftptunnel/testenv"
)

// SHA-256 of nothing, of "abc" and of a million times "a": FIPS 180-2,
// appendix B, and RFC 6234, section 8.5.
const (
	hashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	hashOfABC     = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	hashOfMillion = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
)

// wantDigest awaits the end of a transfer and holds its digest against one
// that is known.
func (w *world) wantDigest(path string, bytes int64, want string) TransferEnded {
	w.t.Helper()
	e := await(w, func(e TransferEnded) bool { return e.Path == path })
	if got := hex.EncodeToString(e.Digest); got != want || e.Bytes != bytes {
		w.t.Errorf("%s %s: %d bytes with %s, want %d with %s", e.Verb, path, e.Bytes, got, bytes, want)
	}
	return e
}

// The digest is that of the bytes that passed, in all four pairings of ends.
func TestDigest(t *testing.T) {
	million := bytes.Repeat([]byte("a"), 1_000_000)
	for name, m := range map[string]ftpinspect.ServerMode{"passive": ftpinspect.ModePassive, "active": ftpinspect.ModeActive} {
		for _, verb := range []string{"PASV", "PORT"} {
			t.Run(verb+"/"+name, func(t *testing.T) {
				tree := &testenv.Tree{}
				tree.Put("million", million)
				tree.Put("empty", nil)
				w := serve(t, &Tunnel{Target: ftpServer(t, testenv.FTPOptions{Tree: tree}).Addr(), Mode: m, Hash: sha256.New},
					listen(t, "127.0.0.1:0"))
				c := login(t, Local{}, w.addr)
				c.do("TYPE I", "200")
				c.get(verb, "RETR million")
				c.get(verb, "RETR empty")
				c.put(verb, "STOR abc", []byte("abc"))
				c.put(verb, "STOR none", nil)
				w.wantDigest("million", 1_000_000, hashOfMillion)
				w.wantDigest("empty", 0, hashOfNothing)
				w.wantDigest("abc", 3, hashOfABC)
				w.wantDigest("none", 0, hashOfNothing)
			})
		}
	}
}

// Bytes that pass before the server has begun the transfer count, too.
func TestDigestBeforeBegin(t *testing.T) {
	inLab(t, &Tunnel{Hash: sha256.New}, func(s *ftpScript) {
		s.login()
		c := s.accept(s.passive())
		s.want("RETR f")
		c.Write([]byte("abc"))
		c.Close()
		synctest.Wait() // until all has passed
		s.say("150 here", "226 done")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		conn := c.ask("PASV").open()
		c.say("RETR f")
		if got, err := io.ReadAll(conn); string(got) != "abc" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		c.hear("150")
		c.hear("226")
		l.wantDigest("f", 3, hashOfABC)
	})
}

// The digest of a transfer that was cut is that of the part that passed.
func TestDigestOfCut(t *testing.T) {
	inLab(t, &Tunnel{Hash: sha256.New}, func(s *ftpScript) {
		s.halfDownload("PASV", func(io.WriteCloser) {})
		s.idle()
	}, func(l *lab) {
		c := l.login()
		readHalf(t, c.begin("PASV", "RETR f"))
		l.ssh.lose()
		want := hashOf([]byte("half"))
		if e := l.wantDigest("f", 4, hex.EncodeToString(want[:])); e.Err == nil {
			t.Errorf("event %+v", e)
		}
	})
}

// A transfer whose data connection never came has passed nothing.
func TestDigestWithoutData(t *testing.T) {
	inLab(t, &Tunnel{Hash: sha256.New}, func(s *ftpScript) {
		s.login()
		s.passive()
		s.want("RETR f")
		s.say("150 here", "426 gone")
		s.idle()
	}, func(l *lab) {
		c := l.login()
		c.ask("PASV")
		c.say("RETR f")
		c.hear("150")
		c.hear("426")
		l.wantDigest("f", 0, hashOfNothing)
	})
}

// The digest stands for the bytes that were counted, while the relay still
// runs: a reader never sees the one without the other.
func TestDigestInStep(t *testing.T) {
	from, src := tcpPair(t)
	dst, to := tcpPair(t)
	f := flow{hash: sha256.New()}
	content := random(4<<20, 7)
	done := make(chan stopped, 1)
	go func() { done <- f.relay(dst, src) }()
	go func() {
		from.Write(content)
		closeWrite(from)
	}()
	read := make(chan struct{})
	go func() {
		defer close(read)
		io.Copy(io.Discard, struct{ net.Conn }{to})
	}()
	for n := int64(-1); n < int64(len(content)); {
		var digest []byte
		last := n
		if n, digest = f.sum(); n != last {
			if want := hashOf(content[:n]); !bytes.Equal(digest, want[:]) {
				t.Fatalf("after %d bytes: %x, want %x", n, digest, want)
			}
		}
	}
	if stop := <-done; stop.err != nil {
		t.Error(stop.err)
	}
	<-read
}

// Without Hash there is no digest.
func TestNoDigest(t *testing.T) {
	f := new(flow)
	f.count([]byte("abc"))
	if n, digest := f.sum(); n != 3 || digest != nil {
		t.Errorf("%d bytes with %x", n, digest)
	}
}
