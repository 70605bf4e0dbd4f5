package main

import (
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
)

func TestTarget(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"ftp.internal", "ftp.internal:21"},
		{"ftp.internal:2100", "ftp.internal:2100"},
		{"10.0.0.7:21", "10.0.0.7:21"},
		{"[2001:db8::7]", "[2001:db8::7]:21"},
		{"[2001:db8::7]:2100", "[2001:db8::7]:2100"},
		{"[fe80::1%eth0]:21", "[fe80::1%eth0]:21"},
	} {
		var f forward
		if err := f.parseTarget(c.in); err != nil || f.target() != c.want {
			t.Errorf("parseTarget(%q) = %q, %v; want %q", c.in, f.target(), err, c.want)
		}
	}
}

func TestTargetRefused(t *testing.T) {
	for _, in := range []string{
		"", ":21", "a:b:c", "host:", "host:0", "host:65536", "host:ftp", "host:-1",
		"2001:db8::7", "::1", "[::1", "[::1]21", "ftp://host/",
	} {
		var f forward
		err := f.parseTarget(in)
		if _, ok := errors.AsType[*usageError](err); !ok {
			t.Errorf("parseTarget(%q) = %v, want a usage error", in, err)
		}
	}
}

func TestLocal(t *testing.T) {
	for _, c := range []struct {
		in   string
		want forward
	}{
		{"2121:host:21", forward{bind: "localhost", port: 2121, host: "host", hostPort: 21}},
		{"0:host:21", forward{bind: "localhost", port: 0, host: "host", hostPort: 21}},
		{"127.0.0.1:2121:host:21", forward{bind: "127.0.0.1", port: 2121, host: "host", hostPort: 21}},
		{"[::1]:2121:[2001:db8::7]:21", forward{bind: "::1", port: 2121, host: "2001:db8::7", hostPort: 21}},
		{"*:2121:host:21", forward{bind: "", port: 2121, host: "host", hostPort: 21}},
		{":2121:host:21", forward{bind: "", port: 2121, host: "host", hostPort: 21}},
		{"localhost:2121:host:21", forward{bind: "localhost", port: 2121, host: "host", hostPort: 21}},
	} {
		got, err := parseForward(localForward, c.in)
		if err != nil || got != c.want {
			t.Errorf("parseLocal(%q) = %+v, %v; want %+v", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"", "2121", "2121:host", "2121:host:0", "x:host:21", "a:b:c:d:e", "2121::21", "[::1:2121:h:21"} {
		if _, err := parseForward(localForward, in); err == nil {
			t.Errorf("parseLocal(%q) succeeded", in)
		}
	}
}

func TestListenAddress(t *testing.T) {
	for _, c := range []struct {
		in, bind string
		port     int
	}{
		{"2200", "localhost", 2200},
		{"0", "localhost", 0},
		{"localhost:2200", "localhost", 2200},
		{"127.0.0.1:0", "127.0.0.1", 0},
		{"[::1]:2200", "::1", 2200},
		{"*:2200", "", 2200},
		{"10.0.0.1", "10.0.0.1", 2121},
	} {
		f := forward{bind: "localhost", port: 2121}
		if err := f.parseListen(c.in); err != nil || f.bind != c.bind || f.port != c.port {
			t.Errorf("parseListen(%q) = %q %d, %v; want %q %d", c.in, f.bind, f.port, err, c.bind, c.port)
		}
	}
}

// A number that is no port is not looked up as a name.
func TestParseListenRefused(t *testing.T) {
	f := forward{bind: "localhost"}
	if err := f.parseListen("99999"); err == nil || err.Error() != `--listen "99999": "99999" is not a port` {
		t.Errorf("%v", err)
	}
}

// All addresses of one family are not those of the other, and a client is told
// one of theirs.
func TestListenOneFamily(t *testing.T) {
	for _, c := range []struct{ bind, at, url, family, other string }{
		{"0.0.0.0", "0.0.0.0:", "ftp://127.0.0.1:", "127.0.0.1", "::1"},
		{"::", "[::]:", "ftp://[::1]:", "::1", "127.0.0.1"},
	} {
		f := forward{bind: c.bind}
		ls, err := listen(t.Context(), f)
		if err != nil {
			t.Error(err)
			continue
		}
		defer closeAll(ls)
		if len(ls) != 1 || !strings.HasPrefix(ls[0].Addr().String(), c.at) {
			t.Errorf("%s: %d listeners, the first on %s", c.bind, len(ls), ls[0].Addr())
		}
		if url := (&service{forward: f, listeners: ls}).at().url(); !strings.HasPrefix(url, c.url) {
			t.Errorf("%s: clients are told %s", c.bind, url)
		}
		_, port, _ := net.SplitHostPort(ls[0].Addr().String())
		for host, answers := range map[string]bool{c.family: true, c.other: false} {
			conn, err := net.Dial("tcp", net.JoinHostPort(host, port))
			if err == nil {
				conn.Close()
			}
			if (err == nil) != answers {
				t.Errorf("%s: at %s: %v", c.bind, host, err)
			}
		}
	}
}

// A listener that was handed over may be one of both families, or of the other.
func TestPlaceHandedOver(t *testing.T) {
	for _, c := range []struct{ bind, listener string }{{"localhost", "[::]:0"}, {"::", "127.0.0.1:0"}} {
		l, err := net.Listen("tcp", c.listener)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		s := &service{forward: forward{bind: c.bind}, listeners: []net.Listener{l}}
		if url := s.at().url(); !strings.HasPrefix(url, "ftp://127.0.0.1:") {
			t.Errorf("clients of %s are told %s", c.listener, url)
		}
	}
}

func TestFill(t *testing.T) {
	at := place{"[::1]:40123"}
	got := at.fill([]string{"{url}/a{b}", "-h{host}", "{port}", "{addr} {addr}", "{ls}"})
	want := []string{"ftp://[::1]:40123/a{b}", "-h::1", "40123", "[::1]:40123 [::1]:40123", "{ls}"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if env := strings.Join(at.environ(), " "); env !=
		"FTPTUNNEL_ADDR=[::1]:40123 FTPTUNNEL_HOST=::1 FTPTUNNEL_PORT=40123 FTPTUNNEL_URL=ftp://[::1]:40123" {
		t.Errorf("environment: %s", env)
	}
}
