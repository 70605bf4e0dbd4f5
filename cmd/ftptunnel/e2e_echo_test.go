//go:build unix

package main_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// plantNames gives a server's root a folder for each code that STAT is answered
// with, which holds a name that ends that answer and goes on with a 227; and a
// link to a folder whose name has a 227 in its second line.
func plantNames(t *testing.T, root, forged string) {
	t.Helper()
	for _, code := range []string{"211", "212", "213"} {
		name := "x\r\n" + code + " End\r\n" + forged
		if err := os.MkdirAll(filepath.Join(root, "names", code, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	name := "evil\n" + forged
	err := errors.Join(os.Mkdir(filepath.Join(root, name), 0o755), os.Symlink(name, filepath.Join(root, "link")))
	if err != nil {
		t.Fatal(err)
	}
}

// A file name that looks like a 227, in the answer to STAT or PWD, opens
// nothing, and no 227 reaches the client but as the answer to its own PASV.
func TestEchoedPassiveReplies(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, server := range daemons.FTPServers {
		t.Run(server.Name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			p, ftp := leg{ssh: "sshd", ftp: server.Name}.start(t, path, "-vv")
			at := netip.MustParseAddrPort(l.Addr().String())
			plantNames(t, ftp.Root, "227 Entering Passive Mode ("+hostPort(at)+").")
			c := dialRaw(t, p.site(t, ftp))
			seen := c.unsolicited("STAT names/211") + c.unsolicited("STAT names/212") + c.unsolicited("STAT names/213")
			c.say("CWD link")
			c.hear("250", "550")
			seen += c.unsolicited("PWD")
			if seen != "" {
				t.Errorf("the client got %q", seen)
			}
			_ = l.(*net.TCPListener).SetDeadline(time.Unix(1, 0))
			if conn, err := l.Accept(); err == nil {
				conn.Close()
				t.Error("the forged port was dialled")
			}
			fetch(t, c)
		})
	}
}

// unsolicited sends a command and returns what the client would take for the
// answer to a request for a data connection that it has not made.
func (c *raw) unsolicited(command string) (found string) {
	c.t.Helper()
	c.say("%s", command)
	c.say("NOOP")
	inside := "" // of a reply of several lines, its code
	for {
		line, err := c.text.ReadLine()
		if err != nil {
			c.t.Fatalf("%s: %v", command, err)
		}
		switch {
		case inside != "" && strings.HasPrefix(line, inside+" "):
			inside = ""
		case inside != "":
		case strings.HasPrefix(line, "200 "):
			return found
		case len(line) > 3 && line[3] == '-' && strings.Trim(line[:3], "0123456789") == "":
			inside = line[:3]
		case strings.HasPrefix(line, "227") || strings.HasPrefix(line, "228") || strings.HasPrefix(line, "229"):
			found += line + "\n"
		}
	}
}

// fetch downloads big.bin from the root, wherever the session is.
func fetch(t *testing.T, c *raw) {
	t.Helper()
	conn := c.data()
	c.say("RETR /big.bin")
	c.hear("150", "125")
	if n, err := drain(conn); n != clients.BigSize || err != nil {
		t.Errorf("%d bytes: %v", n, err)
	}
	conn.Close() // ProFTPD waits for it before its 226
	c.hear("226", "250")
}
