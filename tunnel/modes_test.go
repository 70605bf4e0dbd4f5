package tunnel

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"ftptunnel/ftpinspect"
	"ftptunnel/testenv"
)

var verbs = []string{"PASV", "EPSV", "PORT", "EPRT"}

// TestModes lists, downloads and uploads by every request for a data
// connection, straight and bridged: all four pairings of ends.
func TestModes(t *testing.T) {
	modes := map[string]ftpinspect.ServerMode{
		"auto": ftpinspect.ModeAuto, "passive": ftpinspect.ModePassive, "active": ftpinspect.ModeActive,
	}
	for mode, m := range modes {
		for _, verb := range verbs {
			t.Run(mode+"/"+verb, func(t *testing.T) { exchange(t, m, verb, "127.0.0.1") })
		}
	}
}

// TestModesIPv6 reaches a server over IPv6 for a client over IPv4, and the
// other way round.
func TestModesIPv6(t *testing.T) {
	for _, verb := range verbs {
		t.Run("server/"+verb, func(t *testing.T) { exchangeBetween(t, ftpinspect.ModeAuto, verb, "127.0.0.1", "[::1]") })
	}
	for _, verb := range []string{"EPSV", "EPRT"} {
		t.Run("client/"+verb, func(t *testing.T) { exchangeBetween(t, ftpinspect.ModeAuto, verb, "[::1]", "127.0.0.1") })
	}
}

func exchange(t *testing.T, m ftpinspect.ServerMode, verb, host string) {
	exchangeBetween(t, m, verb, host, host)
}

func exchangeBetween(t *testing.T, m ftpinspect.ServerMode, verb, clientHost, serverHost string) {
	tree := &testenv.Tree{}
	big := random(600<<10, 1)
	tree.Put("big", bytes.Clone(big))
	tree.Put("empty", nil)
	ftp := ftpServer(t, testenv.FTPOptions{Addr: serverHost + ":0", Tree: tree})
	w := serve(t, &Tunnel{Target: ftp.Addr(), Mode: m}, listen(t, clientHost+":0"))

	for round := range 2 { // the second one knows what works
		c := login(t, Local{}, w.addr)
		c.do("TYPE I", "200")
		if list := c.get(verb, "LIST"); !bytes.Contains(list, []byte("big")) {
			t.Errorf("listing %q", list)
		}
		if got := c.get(verb, "RETR big"); !bytes.Equal(got, big) {
			t.Errorf("download: %d bytes, differing", len(got))
		}
		if got := c.get(verb, "RETR empty"); len(got) != 0 {
			t.Errorf("empty file: %d bytes", len(got))
		}
		name := fmt.Sprintf("up%d", round)
		c.put(verb, "STOR "+name, big)
		c.put(verb, "STOR none"+name, nil)
		if got, _ := tree.Get(name); !bytes.Equal(got, big) {
			t.Errorf("upload: %d bytes, differing", len(got))
		}
		c.do("QUIT", "221")
		c.ended()
	}
	w.tunnel.Drain()
	if err := <-w.served; err != nil {
		t.Error(err)
	}
	checkTransfers(t, w, 10)
}

func checkTransfers(t *testing.T, w *world, want int) {
	t.Helper()
	ended := all[TransferEnded](w)
	if len(ended) != want {
		t.Errorf("%d transfers were reported, want %d", len(ended), want)
	}
	for _, e := range ended {
		if e.Err != nil || e.Code != 226 || e.Aborted {
			t.Errorf("transfer %+v", e)
		}
	}
	if cut := w.tunnel.Cut(); len(cut) > 0 {
		t.Errorf("cut: %+v", cut)
	}
}

// A server far away listens for an active client; one nearby dials it.
func TestFarServerListens(t *testing.T) {
	for rtt, want := range map[time.Duration]Mode{0: Active, 29 * time.Millisecond: Active, 30 * time.Millisecond: Passive} {
		inLab(t, &Tunnel{}, func(s *ftpScript) {
			s.login()
			if want == Passive {
				s.warm()
				return
			}
			address := s.port()
			s.say("200 yes")
			s.want("RETR warm")
			s.say("150 here")
			c := s.dial(address)
			c.Write([]byte("warm"))
			c.Close()
			s.say("226 done")
		}, func(l *lab) {
			l.ssh.set(func(s *memSide) { s.rtt = rtt })
			c := l.login()
			if got := c.get("PORT", "RETR warm"); string(got) != "warm" {
				t.Errorf("got %q", got)
			}
			if e := await(l.world, any1[TransferEnded]); e.ClientMode != Active || e.ServerMode != want {
				t.Errorf("%v: %+v", rtt, e)
			}
		})
	}
}
