//go:build unix

package main_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// midwaySize is more than what all buffers between a server and a client hold.
const midwaySize = 64 << 20

// midway begins a download and returns when some of it has come.
func midway(t *testing.T, s clients.Site) (*raw, net.Conn) {
	t.Helper()
	c := dialRaw(t, s)
	conn := c.data()
	c.say("RETR midway.bin")
	c.hear("150", "125")
	if _, err := io.CopyN(io.Discard, conn, 100_000); err != nil {
		t.Fatal(err)
	}
	return c, conn
}

// rest reads what is left of the download and tells what it was: whole, short
// and a failure, or short and an end of file as if it were whole.
func rest(conn net.Conn) string {
	n, err := drain(conn)
	conn.Close()
	switch {
	case n == midwaySize-100_000:
		return "whole"
	case err != nil:
		return "failed"
	}
	return "short"
}

// midwayServers starts every server with the file, and the program before it.
func midwayServers(t *testing.T, test func(t *testing.T, p *tunnelProcess, ftp *daemons.FTPServer)) {
	path := buildProgram(t, withRace)
	for _, server := range daemons.FTPServers {
		t.Run(server.Name, func(t *testing.T) {
			t.Parallel()
			p, ftp := leg{ssh: "sshd", ftp: server.Name}.start(t, path, "-vv")
			name := filepath.Join(ftp.Root, "midway.bin")
			if err := errors.Join(os.WriteFile(name, nil, 0o644), os.Truncate(name, midwaySize)); err != nil {
				t.Fatal(err)
			}
			test(t, p, ftp)
		})
	}
}

// STAT in the middle of a download disturbs nothing: the file is whole, its
// reply comes, and the session goes on.
func TestStatusMidway(t *testing.T) {
	midwayServers(t, func(t *testing.T, p *tunnelProcess, ftp *daemons.FTPServer) {
		c, conn := midway(t, p.site(t, ftp))
		c.say("STAT")
		if got := rest(conn); got != "whole" {
			t.Error("the file is", got)
		}
		var codes []string
		for done := false; !done; done = slices.Contains(codes, "200") {
			if len(codes) == 0 || codes[len(codes)-1] == "226" {
				c.say("NOOP") // Pure-FTPd swallows what comes during a transfer
			}
			codes = append(codes, c.hear("2", "5")[:3])
		}
		if !slices.Contains(codes, "226") {
			t.Errorf("replies %v", codes)
		}
		fetch(t, dialRaw(t, p.site(t, ftp)))
	})
}

// QUIT in the middle of a download is answered as the server answers it, after
// the whole file; Pure-FTPd 1.0.50 takes it for an ABOR.
func TestQuitMidway(t *testing.T) {
	midwayServers(t, func(t *testing.T, p *tunnelProcess, ftp *daemons.FTPServer) {
		quit := func(s clients.Site) string {
			c, conn := midway(t, s)
			c.say("QUIT")
			outcome := rest(conn)
			codes := []string{c.hear("2", "4")[:3], c.hear("2", "4")[:3]}
			slices.Sort(codes)
			return outcome + " " + strings.Join(codes, " ")
		}
		direct, through := quit(clients.Direct(ftp)), quit(p.site(t, ftp))
		if through != direct {
			t.Errorf("%s, without a tunnel %s", through, direct)
		}
		t.Log(through)
	})
}

// A client that closes its control connection in the middle of a download gets
// what it would get without a tunnel: some servers send the whole file, others
// end it at once. Nothing is left open behind.
func TestControlClosedMidway(t *testing.T) {
	midwayServers(t, func(t *testing.T, p *tunnelProcess, ftp *daemons.FTPServer) {
		leave := func(s clients.Site) string {
			c, conn := midway(t, s)
			c.conn.Close()
			return rest(conn)
		}
		idle := p.descriptors(t)
		direct, through := leave(clients.Direct(ftp)), leave(p.site(t, ftp))
		t.Logf("%s, without a tunnel %s", through, direct)
		if through != direct && through != "failed" {
			t.Errorf("the file is %s, without a tunnel %s", through, direct)
		}
		if now := p.settled(t, idle); now > idle {
			t.Errorf("%d open files, %d before", now, idle)
		}
		fetch(t, dialRaw(t, p.site(t, ftp)))
	})
}
