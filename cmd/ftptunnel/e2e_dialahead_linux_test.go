package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// With --prefetch vsftpd is dialled where it has said that it will listen, and
// serves that connection; one that the client does not want is closed.
func TestPrefetchDialsAhead(t *testing.T) {
	path := buildProgram(t, withRace)
	ftp := leg{ftp: "vsftpd"}.startFTP(t)
	names := makeMany(t, filepath.Join(ftp.Root, "many"))
	p := startProgram(t, path, leg{ssh: "sshd"}.arguments(t, ftp, "-vv", "--prefetch")...)
	c := dialRaw(t, p.site(t, ftp))
	c.getsOne(names[1])
	said := 2 // replies to PASV, the last one for nobody yet
	for i, name := range names[2:6] {
		at := p.aheadPort(t, said)
		until(t, "the server is dialled ahead", func() bool { return dialled(t, at) })
		if i == 1 {
			c.do("225", "ABOR")
			until(t, "what was dialled ahead is closed", func() bool { return !dialled(t, at) })
			said++ // the client's own
		}
		c.getsOne(name)
		said++
	}
}

// getsOne downloads a file.
func (c *raw) getsOne(name string) {
	c.t.Helper()
	conn := c.data()
	c.do("150", "RETR /many/%s", name)
	if n, err := drain(conn); n == 0 || err != nil {
		c.t.Errorf("%s: %d bytes, %v", name, n, err)
	}
	conn.Close()
	c.hear("226")
}

var saidPassive = regexp.MustCompile(`\] < 227 .*,(\d+),(\d+)\)`)

// aheadPort is the port of the n-th 227 of the server, as /proc/net/tcp has it.
func (p *tunnelProcess) aheadPort(t *testing.T, n int) string {
	t.Helper()
	var said [][]string
	until(t, "the server has told an address ahead", func() bool {
		said = saidPassive.FindAllStringSubmatch(p.stderr.String(), -1)
		return len(said) >= n
	})
	var hi, lo int
	if _, err := fmt.Sscan(said[n-1][1]+" "+said[n-1][2], &hi, &lo); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("0100007F:%04X", hi<<8|lo)
}

// dialled tells that a connection to an address of this machine is established.
func dialled(t *testing.T, address string) bool {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(table), " "+address+" 01 ") // as the peer's
}
