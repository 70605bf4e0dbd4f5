package ftpinspect

import (
	"net/netip"
	"strings"
	"testing"
)

// The variants of 227, 228 and 229 come from a matrix of what ten clients
// accept (docs/ftp-wire.md, sections 1.1 and 1.2). Port 0 means: refused.
func TestParsePassive(t *testing.T) {
	const port = 8033 // 31*256+97
	for _, c := range []struct {
		name string
		code int
		text string
		port int
	}{
		{"vsftpd 3.0.3", 227, "Entering Passive Mode (127,0,0,1,31,97).", port},
		{"no final dot, wu-ftpd", 227, "Entering Passive Mode (127,0,0,1,31,97)", port},
		{"pyftpdlib 1.5.7", 227, "Entering passive mode (127,0,0,1,31,97).", port},
		{"no parentheses", 227, "Entering Passive Mode 127,0,0,1,31,97", port},
		{"no parentheses, dot", 227, "Entering Passive Mode. 127,0,0,1,31,97.", port},
		{"RFC 1123, 4.1.2.6", 227, "Data transfer will passively listen to 127,0,0,1,31,97", port},
		{"sys-ftpd", 227, "127,0,0,1,31,97", port},
		{"publicfile", 227, "=127,0,0,1,31,97", port},
		{"blanks after commas", 227, "Passive Mode! (127, 000, 000, 001, 031, 097)", port},
		{"blanks in parentheses", 227, "Entering Passive Mode ( 127,0,0,1,31,97 )", port},
		{"zero padded", 227, "Entering Passive Mode (127,000,000,001,031,097)", port},
		{"a digit before", 227, "Passive Mode 4 U (127,0,0,1,31,97)", port},
		{"digits before", 227, "IPv4: port 12345 (127,0,0,1,31,97)", port},
		{"seven numbers", 227, "Entering Passive Mode (127,0,0,1,31,97,5)", port},
		{"five numbers", 227, "Entering Passive Mode (127,0,0,31,97)", 0},
		{"vsftpd 3.0.3 on IPv6", 227, "Entering Passive Mode (0,0,0,0,31,97).", port},
		{"foreign host", 227, "Entering Passive Mode (10,9,9,1,31,97).", port},
		{"port 0", 227, "Entering Passive Mode (127,0,0,1,0,0).", 0},
		{"host octet over 255, curl test 237", 227, "Entering Passiv Mode (1216,256,2,127,31,97)", port},
		{"port octet over 255", 227, "Entering Passive Mode (127,0,0,1,310,97)", 0},
		{"negative host octet", 227, "Entering Passive Mode (-127,0,0,1,31,97)", port},
		{"negative port octet", 227, "Entering Passive Mode (127,0,0,1,-31,97)", 0},
		{"plus sign", 227, "Entering Passive Mode (+127,0,0,1,31,97)", port},
		{"square brackets", 227, "Entering Passive Mode [127,0,0,1,31,97]", port},
		{"two tuples, equal ports", 227, "Entering (10,9,9,1,31,97) (127,0,0,1,31,97)", port},
		{"two tuples, other ports", 227, "Entering (127,0,0,1,31,97) (10,9,9,1,4,1)", 0},
		{"tuple bare, then in parentheses", 227, "Entering 10,9,9,1,4,1 (127,0,0,1,31,97)", 0},
		{"600 bytes before", 227, strings.Repeat("x", 600) + " (127,0,0,1,31,97)", port},
		{"5000 bytes after", 227, "(127,0,0,1,31,97) " + strings.Repeat("x", 5000), port},
		{"dotted host", 227, "Entering Passive Mode (127.0.0.1,31,97)", 0},
		{"ProFTPD 1.3.8 on IPv6", 227, "Entering Passive Mode (1,31,97).", port},
		{"pyftpdlib 1.5.7 on IPv6", 227, "Entering passive mode (::1,31,97).", port},
		{"tabs", 227, "Entering\tPassive\tMode\t(127,0,0,1,31,97)", port},
		{"truncated, LightFTP", 227, "Entering Passive Mode (", 0},
		{"no address", 227, "Entering Passive Mode", 0},

		{"inetutils-ftpd 2.4 on IPv6", 228, "Entering Long Passive Mode (6,16,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,2,31,97)", port},
		{"inetutils-ftpd 2.4", 228, "Entering Long Passive Mode (4,4,127,0,0,1,2,31,97)", port},
		{"228 without a port length", 228, "(4,4,127,0,0,1,3,1,31,97)", 0},

		{"canonical", 229, "Entering Extended Passive Mode (|||8033|)", port},
		{"final dot, pyftpdlib", 229, "Entering extended passive mode (|||8033|).", port},
		{"Pure-FTPd 1.0.50", 229, "Extended Passive mode OK (|||8033|)", port},
		{"no parentheses", 229, "Entering Extended Passive Mode |||8033|", port},
		{"bare", 229, "|||8033|", port},
		{"IBM i", 229, "Entering Extended Passive Mode (!!!8033!).", port},
		{"delimiter $", 229, "Entering Extended Passive Mode ($$$8033$)", port},
		{"delimiter blank", 229, "Entering Extended Passive Mode (   8033 )", port},
		{"fields filled", 229, "Entering (|1|127.0.0.1|8033|)", port},
		{"fields filled, IPv6", 229, "Entering (|2|::1|8033|)", port},
		{"second field filled", 229, "Entering (||127.0.0.1|8033|)", port},
		{"first field filled", 229, "Entering (|1||8033|)", port},
		{"no last delimiter, BulletProof", 229, "Entering Extended Passive Mode (|||8033)", port},
		{"parentheses before", 229, "Entering (extended) Passive Mode (|||8033|)", port},
		{"blanks", 229, "Entering Extended Passive Mode ( |||8033| )", port},
		{"leading zeros", 229, "Entering Extended Passive Mode (|||0008033|)", port},
		{"port 0", 229, "Entering Extended Passive Mode (|||0|)", 0},
		{"port 65536 too high", 229, "Entering Extended Passive Mode (|||73569|)", 0},
		{"curl test 238", 229, "Entering Passiv Mode (|||1000000|)", 0},
		{"two groups", 229, "Entering (|||4000|) (|||8033|)", port},
		{"digits in the text", 229, "Entering 2nd Extended Mode 12 (|||8033|)", port},
		{"mixed delimiters", 229, "Entering Extended Passive Mode (|!|8033|)", 0},
	} {
		a, err := parsePassive(c.code, [][]byte{[]byte(c.text)})
		if err != nil && c.port != 0 || a.port != c.port && err == nil {
			t.Errorf("%s: %d %q: port %d, %v, want %d", c.name, c.code, c.text, a.port, err, c.port)
		}
	}
}

func TestParsePassiveLines(t *testing.T) {
	tuple, other := []byte("(127,0,0,1,31,97)"), []byte("listen socket created")
	for name, lines := range map[string][][]byte{
		"last, aioftp": {other, tuple}, "first": {tuple, other}, "middle": {other, tuple, other},
	} {
		if a, err := parsePassive(227, lines); err != nil || a.port != 8033 {
			t.Errorf("%s: %v %v", name, a, err)
		}
	}
}

func TestParsePort(t *testing.T) {
	want := netip.MustParseAddrPort("127.0.0.1:8033")
	for arg, ok := range map[string]bool{
		"127,0,0,1,31,97": true, " 127,0,0,1,31,97 ": true, "127, 0, 0, 1, 31, 97": true,
		"127,000,000,001,031,097": true, "(127,0,0,1,31,97)": false, "127,0,0,1,31,97,5": false,
		"127,0,0,1,31,97xyz": false, "+127,0,0,1,31,97": false, "127,0,0,1,31": false, "": false,
		"127,0,0,1,256,97": false, "127,0,0,256,31,97": false, "127,0,0,1,-1,97": false, "127,0,0,1,0,0": false,
		"383,0,0,1,31,97": false, "127,0,0,1,\t31,97": false,
	} {
		a, err := parsePort(arg)
		if ok != (err == nil) || ok && a != want {
			t.Errorf("%q: %v, %v", arg, a, err)
		}
	}
}

func TestParseEPRT(t *testing.T) {
	for arg, want := range map[string]string{
		"|1|127.0.0.1|8033|": "127.0.0.1:8033", "!1!127.0.0.1!8033!": "127.0.0.1:8033",
		"|1|127.0.0.1|8033": "127.0.0.1:8033", "|2|::1|8033|": "[::1]:8033", "|2|::|43299|": "[::]:43299",
		"|2|::1%lo|8033|": "[::1]:8033", "|2|::ffff:127.0.0.1|8033|": "127.0.0.1:8033", ",1,127.0.0.1,8033,": "127.0.0.1:8033",
		"|1|localhost|8033|": "", "|1||8033|": "", "|||8033|": "", "|3|127.0.0.1|8033|": "", "|1|::1|8033|": "",
		"|2|127.0.0.1|8033|": "", "|1|127.0.0.1|65536|": "", "|1|127.0.0.1|-1|": "", "|1|127.0.0.1|0|": "",
		"|1|127.0.0.1|8033|x": "", "": "", "1": "", "|": "",
	} {
		a, err := parseEPRT(arg)
		if want == "" && err == nil || want != "" && (err != nil || a.String() != want) {
			t.Errorf("%q: %v, %v, want %q", arg, a, err, want)
		}
	}
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"PASS secret": "PASS ****", "pass  s": "PASS ****", "ACCT x": "ACCT ****", "ADAT QUJD": "ADAT ****",
		"SITE PSWD old new": "SITE PSWD ****", "site pswd a b": "SITE PSWD ****", "RETR PASS": "RETR PASS", " PASS x": "PASS ****",
		"PASSsecret": "PASS ****", "P\xff\xf1ASS x": "PASS ****", "PASS\tx": "PASS ****", "\x01pass \xffx": "PASS ****",
		"SITE CHPASS x": "SITE CHPASS ****", "SITE  cpwd x": "SITE CPWD ****", "SITE": "SITE", "": "",
	} {
		if got := string(Redact([]byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
