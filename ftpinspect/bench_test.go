package ftpinspect

import (
	"bytes"
	"net/netip"
	"testing"
)

// BenchmarkDialogue is the control dialogue of one download, from PASV to the
// held 226, as a mirror repeats it for every file. One operation is one file:
// 6 lines in, 6 lines out.
func BenchmarkDialogue(b *testing.B) {
	s := newGreeted(defaultConfig())
	listener := Listeners{Client: netip.MustParseAddrPort("127.0.0.1:2001")}
	var id ID
	feed := func(sp *Splitter, raw string, take func(Line) []Effect) {
		sp.Push([]byte(raw))
		for l, ok := sp.Next(); ok; l, ok = sp.Next() {
			for _, e := range take(l) {
				if x, ok := e.(Expect); ok {
					id = x.ID
				}
			}
		}
	}
	fromClient, fromServer := &Splitter{Max: MaxCommand}, &Splitter{Max: MaxReply}
	b.ReportAllocs()
	for b.Loop() {
		feed(fromClient, "PASV\r\n", s.ClientLine)
		feed(fromServer, "227 Entering Passive Mode (127,0,0,1,31,97).\r\n", s.ServerLine)
		s.Met(id, listener)
		s.Joined(id)
		feed(fromClient, "RETR some/file.bin\r\n", s.ClientLine)
		feed(fromServer, "150 Opening BINARY mode data connection for some/file.bin (300000 bytes).\r\n", s.ServerLine)
		feed(fromServer, "226 Transfer complete.\r\n", s.ServerLine)
		s.Ended(id, Outcome{Bytes: 300000})
	}
	if !s.Idle() || len(s.expectations) > 1 {
		b.Fatal("the dialogue was not what it should be")
	}
}

// BenchmarkPlainLine is a command and a reply that nobody rewrites.
func BenchmarkPlainLine(b *testing.B) {
	s := newGreeted(defaultConfig())
	b.ReportAllocs()
	for b.Loop() {
		s.ClientLine(Line{Text: []byte("SIZE some/file.bin")})
		s.ServerLine(Line{Text: []byte("213 300000")})
	}
}

// BenchmarkListing is a long reply on the control connection, as STAT gives it.
func BenchmarkListing(b *testing.B) {
	line := Line{Text: bytes.Repeat([]byte("x"), 70)}
	s := newGreeted(defaultConfig())
	s.ClientLine(Line{Text: []byte("STAT dir")})
	s.ServerLine(Line{Text: []byte("213-Status follows:")})
	b.SetBytes(70)
	b.ReportAllocs()
	for b.Loop() {
		s.ServerLine(line)
	}
}
