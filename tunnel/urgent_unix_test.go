//go:build unix

package tunnel

import (
	"net"
	"strings"
	"syscall"
	"testing"

	"ftptunnel/testenv"
)

// sendUrgent sends b, whose last byte is urgent.
func sendUrgent(t *testing.T, c net.Conn, b string) {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Write(func(fd uintptr) bool {
		err = syscall.Sendto(int(fd), []byte(b), syscall.MSG_OOB, nil)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An ABOR that comes with Telnet's urgent sequence reaches the server as a
// plain ABOR, as each of these clients sends it.
func TestUrgentAbort(t *testing.T) {
	clients := map[string]func(*testing.T, net.Conn){
		"tnftp": func(t *testing.T, c net.Conn) {
			sendUrgent(t, c, "\xff\xf4\xff")
			c.Write([]byte("\xf2ABOR\r\n"))
		},
		"ncftp": func(t *testing.T, c net.Conn) {
			c.Write([]byte("\xff\xf4"))
			sendUrgent(t, c, "\xff\xf2")
			c.Write([]byte("ABOR\r\n"))
		},
		"lftp": func(t *testing.T, c net.Conn) {
			c.Write([]byte("\xff\xf4\xff"))
			sendUrgent(t, c, "\xf2")
			c.Write([]byte("ABOR\r\n"))
		},
		"plain": func(t *testing.T, c net.Conn) { c.Write([]byte("ABOR\r\n")) },
	}
	for name, abort := range clients {
		t.Run(name, func(t *testing.T) {
			tree := &testenv.Tree{}
			tree.Put("f", random(64<<20, 7))
			ftp := ftpServer(t, testenv.FTPOptions{Tree: tree})
			w := serve(t, &Tunnel{Target: ftp.Addr()}, listen(t, "127.0.0.1:0"))
			c := login(t, Local{}, w.addr)
			conn := c.begin("PASV", "RETR f")
			conn.Read(make([]byte, 1000))
			abort(t, c.conn)
			go hearEnd(conn) // clients drain
			c.hear("426")
			c.hear("226", "225")
			c.do("NOOP", "200")
			commands := ftp.Counts().Commands
			if i := len(commands) - 2; commands[i] != "ABOR" {
				t.Errorf("the server got %q", commands)
			}
			if e := await(w, any1[TransferEnded]); !e.Aborted || !strings.HasPrefix(e.Reply, "426") {
				t.Errorf("event %+v", e)
			}
		})
	}
}
