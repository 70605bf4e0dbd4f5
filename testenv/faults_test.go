package testenv

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReplyFaults is every fault that shows in a reply.
func TestReplyFaults(t *testing.T) {
	for name, c := range map[string]struct {
		faults Faults
		send   []string
		want   string
	}{
		"refused":        {Faults{Replies: map[string]string{"PASV": "502 Not here."}}, []string{"PASV"}, "502 Not here.\r\n"},
		"not executed":   {Faults{Replies: map[string]string{"CWD": "250 ok"}}, []string{"CWD nowhere", "PWD"}, "250 ok\r\n257 \"/\" is the current directory\r\n"},
		"swallowed":      {Faults{Replies: map[string]string{"SYST": ""}}, []string{"SYST", "NOOP"}, "200 NOOP ok.\r\n"},
		"lines":          {Faults{Replies: map[string]string{"NOOP": "200-a\n200 b"}}, []string{"NOOP"}, "200-a\r\n200 b\r\n"},
		"byte for byte":  {Faults{Replies: map[string]string{"NOOP": "200 ok\r\r\n"}}, []string{"NOOP"}, "200 ok\r\r\n"},
		"line feed only": {Faults{Replies: map[string]string{"NOOP": "200 ok\n"}}, []string{"NOOP"}, "200 ok\n"},
		"shifted":        {Faults{Before: map[string]string{"NOOP": "250 Earlier."}}, []string{"NOOP"}, "250 Earlier.\r\n200 NOOP ok.\r\n"},
		"out of order":   {Faults{Postpone: map[string]bool{"SYST": true}}, []string{"SYST", "NOOP"}, "200 NOOP ok.\r\n215 UNIX Type: L8\r\n"},
		"227 of a NAT":   {Faults{PassiveText: "227 =10,9,9,1,{p1},{p2}", DeadPort: true}, []string{"PASV"}, "227 =10,9,9,1,"},
		"masqueraded":    {Faults{Masquerade: netip.MustParseAddr("192.0.2.7")}, []string{"PASV"}, "227 Entering Passive Mode (192,0,2,7,"},
		"odd 229":        {Faults{ExtendedText: "229 ok (!!!{port}!)."}, []string{"EPSV"}, "229 ok (!!!"},
		"hook": {Faults{Hook: func(line string, say func(string)) bool { say("421 " + line); return line == "NOOP" }},
			[]string{"NOOP", "SYST"}, "421 NOOP\r\n421 SYST\r\n215 UNIX Type: L8\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startFTP(t, FTPOptions{})
			client := loggedIn(t, s)
			s.SetFaults(c.faults)
			for _, line := range c.send {
				client.send(line)
			}
			got := make([]byte, len(c.want))
			if _, err := io.ReadFull(client.R, got); err != nil || string(got) != c.want {
				t.Errorf("got %q, want %q, %v", got, c.want, err)
			}
		})
	}
}

// TestDeadPort is that an announced port stays dead, as long as the session
// lives and announces no other.
func TestDeadPort(t *testing.T) {
	s := startFTP(t, FTPOptions{Faults: Faults{DeadPort: true}})
	client := loggedIn(t, s)
	for range 3 {
		text := client.cmd(229, "EPSV")
		port := regexp.MustCompile(`\d+`).FindString(text)
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			c.Close()
			t.Errorf("port %s of %q serves", port, text)
		}
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			t.Errorf("another can have port %s", port)
		}
	}
}

func TestSilentAndGreeting(t *testing.T) {
	s := startFTP(t, FTPOptions{Faults: Faults{Greeting: "220-Hello\n220 there"}})
	if text := connect(t, s.Addr()).expect(220); text != "Hello\nthere" {
		t.Errorf("greeting %q", text)
	}
	s.SetFaults(Faults{Silent: true})
	c := connect(t, s.Addr())
	c.send("NOOP")
	if err := s.Await(limited(t), func(n FTPCounts) bool { return len(n.Commands) == 1 }); err != nil {
		t.Fatal(err)
	}
	s.SetFaults(Faults{})
	c.cmd(200, "NOOP") // the first reply there is
	s.Say("421 Going, but not gone.")
	c.expect(421)
	c.cmd(200, "NOOP")
}

// TestTransferFaults is every fault that shows in a download.
func TestTransferFaults(t *testing.T) {
	const size = 1 << 20
	for name, c := range map[string]struct {
		faults  Faults
		got     int   // bytes that arrive
		reset   bool  // how the data connection ends
		replies []int // after the command
	}{
		"none":        {Faults{}, size, false, []int{150, 226}},
		"reset":       {Faults{CutAfter: 1000}, -1, true, []int{150, 426}},
		"end of file": {Faults{CutAfter: 1000, Cut: CutFIN}, 1000, false, []int{150, 426}},
		"lie":         {Faults{CutAfter: 1000, Cut: CutFIN, CutReply: "226 Fine."}, 1000, false, []int{150, 226}},
		"vanish":      {Faults{CutAfter: 1000, Cut: CutVanish}, -1, true, []int{150, 0}},
		"early reply": {Faults{EarlyReply: true}, size, false, []int{150, 226}},
		"lone 150":    {Faults{LonePreliminary: true}, size, false, []int{150}},
		"no 150":      {Faults{NoPreliminary: true}, size, false, []int{226}},
		"lingering":   {Faults{Linger: true}, size, false, []int{150, 226}},
		"slow":        {Faults{Rate: 8 << 20}, size, false, []int{150, 226}},
		"late final":  {Faults{LateReply: 10 * time.Millisecond}, size, false, []int{150, 226}},
	} {
		t.Run(name, func(t *testing.T) {
			s := startFTP(t, FTPOptions{})
			s.Tree().PutSynthetic("f", size, 1)
			client := loggedIn(t, s)
			s.SetFaults(c.faults)
			d := client.epsv()
			client.send("RETR f")
			got, err := io.ReadAll(d)
			d.Close()
			if errors.Is(err, syscall.ECONNRESET) != c.reset || c.got >= 0 && len(got) != c.got {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
			for _, code := range c.replies {
				if code > 0 {
					client.expect(code)
				} else if _, err := client.R.ReadByte(); err == nil {
					t.Error("the control connection is still there")
				}
			}
		})
	}
}

// TestStall is a data connection that stops, and what gets out of it.
func TestStall(t *testing.T) {
	s := startFTP(t, FTPOptions{Faults: Faults{CutAfter: 1000, Cut: CutStall}})
	s.Tree().PutSynthetic("f", 1<<20, 1)
	c := loggedIn(t, s)
	d := c.epsv()
	c.cmd(150, "RETR f")
	if _, err := io.ReadFull(d, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	c.cmd(211, "STAT")
	c.cmd(426, "ABOR")
	c.expect(226)
	if n, err := d.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes after the abort", n)
	}
	c.cmd(200, "NOOP")
}

// TestAbortBeforeData is ABOR while the server waits for its data connection.
func TestAbortBeforeData(t *testing.T) {
	s := startFTP(t, FTPOptions{})
	c := loggedIn(t, s)
	c.cmd(229, "EPSV")
	c.send("LIST")
	if err := s.Await(limited(t), func(n FTPCounts) bool { return n.Transfers == 1 }); err != nil {
		t.Fatal(err)
	}
	c.send("\xff\xf4\xff\xf2ABOR")
	c.expect(426)
	c.expect(226)
}

// TestDuring is what becomes of commands during a transfer.
func TestDuring(t *testing.T) {
	for name, c := range map[string]struct {
		during During
		first  []int // before the transfer ends
		later  []int // from its end on
	}{
		"queue":     {Queue, []int{211}, []int{226, 200, 215}},
		"queue all": {QueueAll, nil, []int{226, 200, 211, 215}},
		"answer":    {Answer, []int{200, 211, 215}, []int{226}},
		"swallow":   {Swallow, []int{500}, []int{226}},
	} {
		t.Run(name, func(t *testing.T) {
			s := startFTP(t, FTPOptions{Faults: Faults{During: c.during}})
			client := loggedIn(t, s)
			d := client.epsv()
			client.cmd(150, "STOR f")
			client.send("NOOP\r\nSTAT\r\nSYST")
			for _, code := range c.first {
				client.expect(code)
			}
			if c.during == Swallow { // all three have come before the end
				if err := s.Await(limited(t), func(n FTPCounts) bool { return n.Commands[len(n.Commands)-1] == "SYST" }); err != nil {
					t.Fatal(err)
				}
			}
			d.Close()
			for _, code := range c.later {
				client.expect(code)
			}
			client.cmd(200, "NOOP")
		})
	}
}

// TestUploadFaults is how an upload that was reset ends.
func TestUploadFaults(t *testing.T) {
	for _, takes := range []bool{false, true} {
		s := startFTP(t, FTPOptions{Faults: Faults{TakesResets: takes}})
		c := loggedIn(t, s)
		d := c.epsv()
		c.cmd(150, "STOR f")
		d.Write(bytes.Repeat([]byte("x"), 1000))
		if err := s.Await(limited(t), func(n FTPCounts) bool { return n.Received == 1000 }); err != nil {
			t.Fatal(err)
		}
		reset(d)
		if takes {
			c.expect(226)
		} else {
			c.expect(426)
		}
		if n := s.Tree().Size("f"); n != 1000 {
			t.Errorf("stored %d bytes", n)
		}
	}
}

// listenFor is a client's end of active mode.
func listenFor(t *testing.T) (net.Listener, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, fillIn("{h},{p}", addrOf(l.Addr()))
}

func accept(t *testing.T, l net.Listener) string {
	t.Helper()
	l.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Second))
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, _ := io.ReadAll(c)
	return string(got)
}

func TestActiveFaults(t *testing.T) {
	s := startFTP(t, FTPOptions{})
	s.Tree().Put("f", []byte("hello"))
	c := loggedIn(t, s)
	l, port := listenFor(t)

	s.SetFaults(Faults{KeepPort: true})
	c.cmd(200, "PORT "+port)
	for range 2 {
		c.send("RETR f")
		if got := accept(t, l); got != "hello" {
			t.Errorf("got %q", got)
		}
		c.expect(150)
		c.expect(226)
	}

	s.SetFaults(Faults{EarlyDial: true})
	c.send("PORT " + port)
	early, err := l.Accept() // before the 200 was read, and before any transfer
	if err != nil {
		t.Fatal(err)
	}
	c.expect(200)
	c.cmd(150, "RETR f")
	if got, _ := io.ReadAll(early); string(got) != "hello" {
		t.Errorf("got %q", got)
	}
	c.expect(226)

	s.SetFaults(Faults{NeverDial: true})
	c.cmd(200, "PORT "+port)
	c.cmd(150, "RETR f")
	c.cmd(426, "ABOR")
	c.expect(226)

	s.SetFaults(Faults{})
	for _, bad := range []string{"PORT 10,9,9,1,200,1", "PORT 127,0,0,1,0,22", "PORT 1,2,3", "EPRT |2|::1|2000|", "EPRT |1|10.9.9.1|2000|"} {
		c.cmd(5, bad)
	}
	s.SetFaults(Faults{Foreign: true})
	c.cmd(200, "PORT 10,9,9,1,200,1")
}

func TestStolenPassivePort(t *testing.T) {
	s := startFTP(t, FTPOptions{})
	c := loggedIn(t, s)
	text := c.cmd(229, "EPSV")
	port := text[strings.Index(text, "|||")+3 : strings.LastIndex(text, "|")]
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	stranger, err := d.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Skip("this system has no 127.0.0.2")
	}
	defer stranger.Close()
	c.cmd(425, "LIST")
}

func TestFreezeDropFTP(t *testing.T) {
	s := startFTP(t, FTPOptions{})
	s.Tree().PutSynthetic("f", 64<<20, 1)
	c := loggedIn(t, s)
	s.Freeze()
	c.send("NOOP")
	c.tcp.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if b, err := c.R.Peek(1); err == nil {
		t.Fatalf("frozen, but %q", b)
	}
	c.tcp.SetReadDeadline(time.Now().Add(20 * time.Second))
	s.Thaw()
	c.expect(200)
	d := c.epsv()
	c.cmd(150, "RETR f")
	s.DropData()
	if _, err := io.Copy(io.Discard, d); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("data: %v", err)
	}
	c.expect(426)
	s.Drop()
	if _, err := c.R.ReadByte(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("control: %v", err)
	}
	loggedIn(t, s)
}
