package ftpinspect

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// A listing is not kept for as long as its data connection is.
func TestListingIsForgotten(t *testing.T) {
	s := New(Config{Local: netip.MustParseAddr("127.0.0.1"), Far: true})
	server(s, "220 (vsFTPd 3.0.3)")
	client(s, "PASS x")
	server(s, "230 in")
	client(s, "PASV")
	server(s, "227 (127,0,0,1,31,97)")
	s.Met(1, Listeners{Client: netip.MustParseAddrPort("127.0.0.1:2001")})
	client(s, "LIST")
	s.Joined(1)
	server(s, "150 here")
	effects := s.Ended(1, Outcome{Listing: listingOf("f")})
	if s.facts.text == nil {
		t.Fatal("no listing was kept")
	}
	for _, e := range effects {
		if timer, ok := e.(StartTimer); ok {
			s.Expired(timer.T)
		}
	}
	if s.facts.text != nil || s.find(1).latest.outcome.Listing != nil {
		t.Error("the listing is still kept")
	}
}

// The names in what servers list.
func TestNamesIn(t *testing.T) {
	const list = "total 24\r\n" + // inetutils-ftpd 2.4
		"drwxr-xr-x    2 0        0            4096 Nov 20 08:36 .\r\n" +
		"drwxr-xr-x    2 0        0            4096 Nov 20 08:36 ..\r\n" +
		"-rw-r--r--    1 0        0            2024 Nov 20 08:36 f.bin\r\n" + // vsftpd 3.0.3
		"drwxr-xr-x    2 0        0            4096 Nov 20  2019 sub\r\n" +
		"-rw-r--r--  1 root  root  2147483648 Nov 20 08:36 big\r\n" + // pyftpdlib 1.5.7
		"-rw-r--r--   1 test     test           12 Jan  3 08:36 Jan  3  2019 a.txt\r\n" + // Pure-FTPd 1.0.50
		"lrwxrwxrwx   1 root     root            5 Nov 20 08:36 link -> f.bin\r\n" + // ProFTPD 1.3.8
		"-rw-r--r--    1 0        0               1 Nov 20 08:36  with  blanks \r\n" +
		"-rw-r--r--    1 0        0               1 Nov 20 08:36 a -> b\n" +
		"11-20-26  08:36AM                 12 other.txt\r\n" +
		"-rw-r--r--    1 0        0               1 Nov 20 08:36 cut of"
	want := []string{"f.bin", "sub", "big", "Jan  3  2019 a.txt", "link", " with  blanks ", "a -> b"}
	if got := namesIn([]byte(list), "LIST"); !slices.Equal(got, want) {
		t.Errorf("LIST: %q", got)
	}
	want = []string{"a.txt", "total 24", "sub/b c"}
	if got := namesIn([]byte(strings.Join(want, "\r\n")+"\r\n"), "NLST"); !slices.Equal(got, want) {
		t.Errorf("NLST: %q", got)
	}
}
