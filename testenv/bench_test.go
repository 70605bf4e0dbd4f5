package testenv

import (
	"io"
	"net"
	"os"
	"testing"
)

const benchSize = 256 << 20

// discard is io.Discard without its ReadFrom.
var discard = struct{ io.Writer }{io.Discard}

// plain hides the fast paths of a connection.
type plain struct{ io.ReadWriter }

func benchServers(b *testing.B, run func(b *testing.B, s *FTPServer)) {
	dir := b.TempDir()
	f, err := os.Create(dir + "/f")
	if err != nil {
		b.Fatal(err)
	}
	if err := f.Truncate(benchSize); err != nil {
		b.Fatal(err)
	}
	f.Close()
	for name, o := range map[string]FTPOptions{"memory": {Tree: &Tree{}}, "directory": {Root: dir}} {
		b.Run(name, func(b *testing.B) {
			if o.Tree != nil {
				o.Tree.PutSynthetic("f", benchSize, 1)
				o.Tree.Sink("/up", false)
			} else if err := os.MkdirAll(dir+"/up", 0o755); err != nil {
				b.Fatal(err)
			}
			run(b, startFTP(b, o))
		})
	}
}

func BenchmarkRetrieve(b *testing.B) {
	benchServers(b, func(b *testing.B, s *FTPServer) {
		c := loggedIn(b, s)
		buf := make([]byte, bulkBuffer)
		b.SetBytes(benchSize)
		for b.Loop() {
			d := c.epsv()
			c.cmd(150, "RETR f")
			if n, err := io.CopyBuffer(discard, plain{d}, buf); err != nil || n != benchSize {
				b.Fatal(n, err)
			}
			d.Close()
			c.expect(226)
		}
	})
}

func BenchmarkStore(b *testing.B) {
	benchServers(b, func(b *testing.B, s *FTPServer) {
		c := loggedIn(b, s)
		buf := make([]byte, bulkBuffer)
		b.SetBytes(benchSize)
		for b.Loop() {
			d := c.epsv()
			c.cmd(150, "STOR up/f")
			for range benchSize / len(buf) {
				if _, err := d.Write(buf); err != nil {
					b.Fatal(err)
				}
			}
			d.Close()
			c.expect(226)
		}
	})
}

func BenchmarkDirect(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	c := mustLogin(b, startSSH(b, SSHOptions{}))
	buf, out := make([]byte, bulkBuffer), make([]byte, bulkBuffer)
	b.SetBytes(benchSize)
	for b.Loop() {
		conn, err := c.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		target, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		go func() {
			for range benchSize / len(out) {
				if _, err := target.Write(out); err != nil {
					break
				}
			}
			target.Close()
		}()
		if n, err := io.CopyBuffer(discard, plain{conn}, buf); err != nil || n != benchSize {
			b.Fatal(n, err)
		}
		conn.Close()
	}
}
