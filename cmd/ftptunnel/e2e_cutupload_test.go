//go:build unix

package main_test

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ftptunnel/testenv/daemons"
)

// cutBytes is how much of an upload its client sends before it resets the data
// connection.
const cutBytes = 50_000

// An upload that its client resets is never called complete, though sshd shows
// each server an end of file and some of them say 226: the client is told 426 with
// the bytes, after an ABOR, too, and the session goes on.
func TestUploadCutByClient(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, server := range daemons.FTPServers {
		t.Run(server.Name, func(t *testing.T) {
			t.Parallel()
			p, ftp := leg{ssh: "sshd", ftp: server.Name}.start(t, path, "-vv")
			c := dialRaw(t, p.site(t, ftp))
			for _, mode := range []string{"PASV", "PORT"} {
				for _, abort := range []bool{false, true} {
					name := strings.ToLower(mode) + map[bool]string{true: "-abor"}[abort] + ".bin"
					c.cutUpload(mode, filepath.Join(ftp.Root, ftp.Upload), ftp.Upload, name, abort)
				}
			}
			p.tells(t, "50.0 kB in", 4)
			p.tells(t, "aborted by the client", 4)
		})
	}
}

// cutUpload begins an upload and resets its data connection once the server has
// stored all that was sent.
func (c *raw) cutUpload(mode, stored, dir, name string, abort bool) {
	c.t.Helper()
	data := c.beginUpload(mode, dir+"/"+name)
	defer data.Close()
	if _, err := data.Write(make([]byte, cutBytes)); err != nil {
		c.t.Fatal(err)
	}
	if err := grows(filepath.Join(stored, name), cutBytes); err != nil {
		c.t.Fatal(err)
	}
	if abort {
		c.say("ABOR")
	}
	_ = data.SetLinger(0)
	data.Close()
	if abort {
		c.hear("4")           // to STOR
		c.hear("2", "4", "5") // to ABOR
	} else if told := c.hear("426"); !strings.Contains(told, fmt.Sprintf(" after %d bytes", cutBytes)) {
		c.t.Errorf("%s: told %q", name, told)
	}
	c.do("200", "NOOP")
}

// beginUpload makes a data connection and has a STOR begin.
func (c *raw) beginUpload(mode, path string) *net.TCPConn {
	c.t.Helper()
	if mode == "PASV" {
		data := c.data().(*net.TCPConn)
		c.do("1", "STOR %s", path)
		return data
	}
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		c.t.Fatal(err)
	}
	defer l.Close()
	c.do("200", "PORT %s", hostPort(l.Addr().(*net.TCPAddr).AddrPort()))
	c.do("1", "STOR %s", path)
	_ = l.SetDeadline(time.Now().Add(rawTimeout))
	data, err := l.AcceptTCP()
	if err != nil {
		c.t.Fatal(err)
	}
	return data
}
