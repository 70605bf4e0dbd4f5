package tunnel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"ftptunnel/testenv"
)

// helperVar makes the test binary a helper instead, which connects to the
// address in it and tells what it gets, or writes and closes at once if the
// address is followed by hastyMark.
const (
	helperVar = "TUNNEL_TEST_CONNECT"
	hastyMark = " hasty"
)

func init() {
	at := os.Getenv(helperVar)
	if at == "" {
		return
	}
	at, hasty := strings.CutSuffix(at, hastyMark)
	c, err := net.Dial("tcp", at)
	if err != nil {
		fmt.Println("dial:", err)
		os.Exit(0)
	}
	fmt.Println("connected")
	if hasty {
		c.Write([]byte("forged"))
		c.Close()
		os.Exit(0)
	}
	c.SetDeadline(time.Now().Add(10 * time.Second))
	b, err := io.ReadAll(c)
	fmt.Printf("got %q, %v\n", b, err)
	os.Exit(0)
}

// asNobody connects to an address as another user and returns what it saw.
func asNobody(t *testing.T, at string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to become another user")
	}
	// The other user need not be able to reach the binary: it is opened here.
	exe, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer exe.Close()
	cmd := exec.Command("/proc/self/fd/3")
	cmd.ExtraFiles = []*os.File{exe}
	cmd.Env = []string{helperVar + "=" + at, "GORACE=atexit_sleep_ms=0"} // it waits a second otherwise
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Dir = "/"
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("helper: %v\n%s", err, out)
	}
	return string(out)
}

// accepted makes a connection to a listener and returns both ends.
func accepted(t *testing.T, network, at string) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen(network, at)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	host, _, _ := net.SplitHostPort(at) // with its zone, which a listener may not tell
	client, err = net.Dial("tcp", net.JoinHostPort(host, portText(addrPort(l.Addr()).Port())))
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client, server
}

// lookups are the two ways to find a socket.
var lookups = map[string]func(peer, here netip.AddrPort) (socket, error){"sock_diag": sockDiag, "proc": procNet}

func TestSocketOwner(t *testing.T) {
	for how, look := range lookups {
		for _, at := range []string{"127.0.0.1:0", "[::1]:0"} {
			client, server := accepted(t, "tcp", at)
			peer, here := addrPort(server.RemoteAddr()), addrPort(server.LocalAddr())
			s, err := look(peer, here)
			if err != nil || s.inode == 0 || int(s.uid) != os.Getuid() {
				t.Errorf("%s %s: %+v, %v", how, at, s, err)
			}
			other := netip.AddrPortFrom(peer.Addr(), peer.Port()^1)
			if s, err := look(other, here); err == nil && s.inode != 0 {
				t.Errorf("%s %s: found %+v for another port", how, at, s)
			}
			client.Close()
			if s, err := look(peer, here); err == nil && s.inode != 0 {
				t.Errorf("%s %s: found %+v for a closed socket", how, at, s)
			}
		}
	}
}

// Whose a connection is can be told at every address of the machine: link-local
// ones have a zone, which the kernel does not name.
func TestOwnerAtEveryAddress(t *testing.T) {
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addrs {
			ip := a.(*net.IPNet).IP
			host := ip.String()
			if ip.IsLinkLocalUnicast() && ip.To4() == nil {
				host += "%" + i.Name
			}
			at := net.JoinHostPort(host, "0")
			l, err := net.Listen("tcp", at)
			if err != nil {
				continue // the address is not in use yet, or no more
			}
			l.Close()
			_, server := accepted(t, "tcp", at)
			if o, err := ownerOf(server); err != nil || !o.local || !o.isSelf() {
				t.Errorf("%s: %+v, %v", host, o, err)
			}
		}
	}
}

// A socket that was closed is nobody's; the kernel says user 0, inode 0.
func TestClosedSocketHasNoOwner(t *testing.T) {
	client, server := accepted(t, "tcp", "127.0.0.1:0")
	client.Close()
	if o, err := ownerOf(server); o.local || err != nil && !errors.Is(err, errNoOwner) {
		t.Errorf("%+v, %v", o, err)
	}
}

// A stranger who has closed the socket already is refused, at the control port
// and at a data port, also where the client's user is 0: that is what the kernel
// says of a socket that nobody holds.
func TestClosedSocketIsRefused(t *testing.T) {
	client, conn := accepted(t, "tcp", "127.0.0.1:0")
	own, err := ownerOf(conn)
	if err != nil || !own.local {
		t.Fatalf("%+v, %v", own, err)
	}
	d := &dataConn{s: &session{t: &Tunnel{}, owner: own, clientAddr: addrPort(conn.RemoteAddr())}}
	if why, refused := d.refuses(Client, conn); refused {
		t.Errorf("the client itself was refused: %v", why)
	}
	client.Close()
	if why, refused := d.refuses(Client, conn); !refused || why != UnknownUser {
		t.Errorf("data: %v, %v", why, refused)
	}
	for _, sameUser := range []bool{false, true} {
		v := &server{t: &Tunnel{SameUser: sameUser}}
		if why, refused := v.refusesUser(ownerOf(conn)); !refused || why != UnknownUser {
			t.Errorf("control, same user %v: %v, %v", sameUser, why, refused)
		}
	}
}

// Another user who writes to the data port of an upload and closes at once has
// not uploaded anything, nor spoilt the upload.
func TestHastyStrangerStoresNothing(t *testing.T) {
	tree := &testenv.Tree{}
	ftp := ftpServer(t, testenv.FTPOptions{Tree: tree})
	w := serve(t, &Tunnel{Target: ftp.Addr()}, listen(t, "127.0.0.1:0"))
	c := login(t, Local{}, w.addr)
	const uploads = 10
	for i := range uploads {
		d := c.ask([]string{"PASV", "EPSV"}[i%2])
		asNobody(t, d.addr+hastyMark)
		conn, name := d.open(), fmt.Sprint("f", i)
		c.do("STOR "+name, "150")
		if _, err := conn.Write([]byte("honest")); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		c.hear("226")
		if got, _ := tree.Get(name); string(got) != "honest" {
			t.Errorf("stored %q", got)
		}
	}
	refused := all[Refused](w)
	for _, r := range refused {
		if r.Why != ForeignUser && r.Why != UnknownUser {
			t.Errorf("event %+v", r)
		}
	}
	if len(refused) != uploads {
		t.Errorf("the stranger was refused %d times, came %d times", len(refused), uploads)
	}
}

// dialMapped connects as Java does: by a socket of family 6, to a mapped address.
func dialMapped(t *testing.T, to string) net.Conn {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "mapped")
	defer f.Close()
	a := netip.MustParseAddrPort(to)
	if err := syscall.Connect(fd, &syscall.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}); err != nil {
		t.Fatal(err)
	}
	c, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Java's sockets are of family 6 with mapped addresses.
func TestMappedSocketOwner(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialMapped(t, l.Addr().String())
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for how, look := range lookups {
		s, err := look(addrPort(c.RemoteAddr()), addrPort(c.LocalAddr()))
		if err != nil || s.inode == 0 || int(s.uid) != os.Getuid() {
			t.Errorf("%s: %+v, %v", how, s, err)
		}
	}
}

// mapped is a side whose connections are dialled so.
type mapped struct {
	Local
	t *testing.T
}

func (m mapped) DialContext(_ context.Context, _, to string) (net.Conn, error) {
	return dialMapped(m.t, to), nil
}

// A client with such sockets is known by its user: it is served, in command mode
// too, and another user does not get its data.
func TestMappedClient(t *testing.T) {
	tree := &testenv.Tree{}
	tree.Put("f", []byte("secret"))
	ftp := ftpServer(t, testenv.FTPOptions{Tree: tree})
	for _, at := range []string{"127.0.0.1:0", "[::]:0"} {
		w := serve(t, &Tunnel{Target: ftp.Addr(), SameUser: true}, listen(t, at))
		_, port, _ := net.SplitHostPort(w.addr)
		c := login(t, mapped{t: t}, net.JoinHostPort("127.0.0.1", port))
		for _, verb := range []string{"PASV", "EPSV"} {
			d := c.ask(verb)
			if out := asNobody(t, d.addr); !strings.Contains(out, "reset") || strings.Contains(out, "secret") {
				t.Errorf("%s: the other user saw %s", at, out)
			}
			if e := await(w, any1[Refused]); e.Why != ForeignUser {
				t.Errorf("event %+v", e)
			}
			conn := d.open()
			c.do("RETR f", "150")
			if b, err := io.ReadAll(conn); string(b) != "secret" || err != nil {
				t.Errorf("%s: %q, %v", at, b, err)
			}
			c.hear("226")
		}
	}
}

// A connection whose peer port is the port of a local listener, and whose
// address is elsewhere, is not that listener's.
func TestListenerIsNoPeer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer := addrPort(l.Addr())
	here := netip.AddrPortFrom(peer.Addr(), 1)
	for how, look := range lookups {
		if s, err := look(peer, here); err == nil {
			t.Errorf("%s: %+v", how, s)
		}
	}
}

func TestOtherUserGetsNoData(t *testing.T) {
	tree := &testenv.Tree{}
	tree.Put("f", []byte("secret"))
	ftp := ftpServer(t, testenv.FTPOptions{Tree: tree})
	w := serve(t, &Tunnel{Target: ftp.Addr()}, listen(t, "127.0.0.1:0"))
	c := login(t, Local{}, w.addr)
	for range 3 {
		d := c.ask("PASV")
		if out := asNobody(t, d.addr); !strings.Contains(out, "reset") || strings.Contains(out, "secret") {
			t.Errorf("the other user saw %s", out)
		}
		if e := await(w, any1[Refused]); e.Why != ForeignUser {
			t.Errorf("event %+v", e)
		}
		conn := d.open()
		c.do("RETR f", "150")
		if b, err := io.ReadAll(conn); string(b) != "secret" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
		conn.Close()
		c.hear("226")
	}
}

func TestSameUserOnly(t *testing.T) {
	ftp := ftpServer(t, testenv.FTPOptions{})
	w := serve(t, &Tunnel{Target: ftp.Addr(), SameUser: true}, listen(t, "127.0.0.1:0"))
	if out := asNobody(t, w.addr); !strings.Contains(out, "reset") {
		t.Errorf("the other user saw %s", out)
	}
	if e := await(w, any1[Refused]); e.Why != ForeignUser {
		t.Errorf("event %+v", e)
	}
	login(t, Local{}, w.addr)
}

func TestProcAddr(t *testing.T) {
	for in, want := range map[string]string{
		"0100007F:1F90":                         "127.0.0.1:8080",
		"00000000000000000000000001000000:0016": "[::1]:22",
		"0000000000000000FFFF00000100007F:0015": "127.0.0.1:21",
	} {
		got, err := procAddr(in)
		if err != nil || got.String() != want {
			t.Errorf("%s: %v, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "0100007F", "0100007F:", "01:1F90", "0100007F:1F90F", "xx00007F:1F90"} {
		if got, err := procAddr(in); err == nil {
			t.Errorf("%q: %v", in, got)
		}
	}
}
