package ftpinspect

import (
	"fmt"
	"strings"
	"testing"
)

// begunSize returns the size of the transfer that a dialogue begins: client's and
// server's lines by turns, one reply line or, between slashes, several.
func begunSize(t *testing.T, dialogue ...string) int64 {
	t.Helper()
	s := newGreeted(Config{})
	size := int64(-1)
	for i := 0; i < len(dialogue); i += 2 {
		client(s, dialogue[i])
		for reply := range strings.SplitSeq(dialogue[i+1], " / ") {
			for _, e := range server(s, reply) {
				if b, ok := e.(Begin); ok {
					size = b.Size
				}
			}
		}
	}
	return size
}

// TestSizeAnnounced has the ways in which servers name a size in their 150.
func TestSizeAnnounced(t *testing.T) {
	for reply, want := range map[string]int64{
		"150 Opening BINARY mode data connection for f (100 bytes).":          100,
		"150 Opening BINARY mode data connection for 'f' (2147483648 bytes).": 2147483648,
		"150 Opening BINARY mode data connection for f (100 bytes)":           100,
		"150 Opening BINARY mode data connection for f(100 bytes).":           100,
		"150 Opening BINARY mode data connection for f (100 Bytes).":          100,
		"150 Opening BINARY mode data connection for f (1 byte).":             1,
		"150 Opening BINARY mode data connection for f (1,234,567 bytes).":    1234567,
		"150 Opening BINARY mode data connection for f (1.234.567 bytes).":    1234567,
		"150 Opening ASCII mode data connection for f (0 bytes).":             0,
		"150 Data connection for f (192.0.2.1,40000) (100 bytes).":            100,
		"150 Opening data connection for x (9 bytes).txt (100 bytes) [TLS].":  100,
		"125 Data connection already open; Transfer starting.":                0,
		"150 Ok to send data.":               0,
		"150 f (-5 bytes)":                   0,
		"150 f (99999999999999999999 bytes)": 0,
		"150 f (12,34 bytes)":                0,
		"150-Accepted data connection / 150 97.7 kbytes to download":           100096,
		"150-Accepted data connection / 150 2097152.0 kbytes to download":      2147483700,
		"150-(7 bytes) / 150-and more / 150 Opening data connection (8 bytes)": 8,
	} {
		if got := begunSize(t, "RETR f", reply); got != want {
			t.Errorf("%s: %d, want %d", reply, got, want)
		}
	}
}

// TestSizeTold has sizes that were told before the transfer.
func TestSizeTold(t *testing.T) {
	const plain, named = "150 here", "150 for f (100 bytes)"
	for _, c := range []struct {
		dialogue []string
		want     int64
	}{
		{[]string{"SIZE f", "213 500", "RETR f", plain}, 500},
		{[]string{"SIZE f", "213 500 ", "RETR ./f", plain}, 500},
		{[]string{"SIZE f", "213 500", "RETR f", named}, 100}, // it has changed since
		{[]string{"SIZE f", "213 500", "RETR g", plain}, 0},
		{[]string{"SIZE f", "550 no", "RETR f", plain}, 0},
		{[]string{"SIZE f", "213-500 / 213 end", "RETR f", plain}, 0},
		{[]string{"SIZE f", "213 five", "RETR f", plain}, 0},
		{[]string{"SIZE /d/f", "213 500", "CWD /d", "250 ok", "RETR f", plain}, 500},
		{[]string{"CWD d", "250 ok", "SIZE f", "213 500", "CDUP", "250 ok", "RETR f", plain}, 0},
		{[]string{"CWD d", "250 ok", "SIZE /f", "213 500", "RETR /f", plain}, 500},

		// Restarts: what is left of the file.
		{[]string{"REST 40", "350 ok", "RETR f", named}, 0}, // of the file, or of its rest?
		{[]string{"SIZE f", "213 100", "REST 40", "350 ok", "RETR f", named}, 60},
		{[]string{"SIZE f", "213 100", "REST 40", "350 ok", "RETR f", "150 for f (60 bytes)"}, 60},
		{[]string{"SIZE f", "213 100", "REST 200", "350 ok", "RETR f", plain}, 0},
		{[]string{"SIZE f", "213 100", "REST 40", "501 no", "RETR f", plain}, 100},
		{[]string{"REST 40", "350 ok", "RETR f", "150-ok / 150 0.1 kbytes to download"}, 154},
		{[]string{"SIZE f", "213 100", "RETR f", "150-ok / 150 0.1 kbytes to download"}, 100},
		{[]string{"REST 40", "350 ok", "RETR g", "550 no", "RETR f", named}, 100},

		// Uploads: by ALLO alone (RFC 959, section 4.1.3).
		{[]string{"ALLO 500", "202 not needed", "STOR f", plain}, 500},
		{[]string{"ALLO 500 R 80", "200 ok", "STOU", plain}, 500},
		{[]string{"ALLO 500", "552 too much", "STOR f", plain}, 0},
		{[]string{"ALLO 500", "200 ok", "APPE f", plain}, 0},
		{[]string{"ALLO 500", "200 ok", "REST 9", "350 ok", "STOR f", plain}, 0},
		{[]string{"ALLO 500", "200 ok", "STOR f", "550 no", "STOR g", plain}, 0},
		{[]string{"SIZE f", "213 100", "STOR f", named}, 0},

		// ProFTPD's 150 for a listing says "(0 bytes)"; another's may say more.
		{[]string{"LIST", named}, 0},
	} {
		if got := begunSize(t, c.dialogue...); got != c.want {
			t.Errorf("%q: %d, want %d", c.dialogue, got, c.want)
		}
	}
}

// TestSizesBounded: a client that asks for the size of everything costs little.
func TestSizesBounded(t *testing.T) {
	s := newGreeted(Config{})
	for i := range 10 * maxSizes {
		client(s, fmt.Sprintf("SIZE %d", i))
		server(s, "213 7")
		if n := len(s.sizes.files); n == 0 || n > maxSizes {
			t.Fatalf("%d sizes are kept after %d", n, i)
		}
	}
}
