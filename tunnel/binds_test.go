package tunnel

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"

	"ftptunnel/ftpinspect"
	"ftptunnel/testenv"
)

// bindSide notes where it was to listen. Every name leads to one FTP server.
type bindSide struct {
	Local
	ftp string // host:port

	mu    sync.Mutex
	asked []string // hosts, guarded by mu
}

func (s *bindSide) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if port == "21" {
		return s.Local.DialContext(ctx, network, s.ftp)
	}
	return s.Local.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
}

func (s *bindSide) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.asked = append(s.asked, host)
	s.mu.Unlock()
	return s.Local.Listen(ctx, network, address)
}

// Without an --active-address a server side is asked to listen on loopback,
// and only for a target that is there: what it makes of a wider address is its
// own affair (OpenSSH's GatewayPorts).
func TestAutoListensOnLoopback(t *testing.T) {
	for target, want := range map[string][]string{
		"localhost:21": {"localhost"}, "127.0.0.1:21": {"127.0.0.1"}, "[::1]:21": {"::1"},
		"ftp.internal:21": nil, "192.0.2.7:21": nil, "[2001:db8::7]:21": nil,
	} {
		for _, verb := range []string{"PORT", "EPRT"} {
			t.Run(target+" "+verb, func(t *testing.T) {
				if got := boundFor(t, target, verb, testenv.Faults{}, 1); !slices.Equal(got, want) {
					t.Errorf("was to listen on %q, want %q", got, want)
				}
			})
		}
	}
	// Nor where the server has no passive mode.
	none := testenv.Faults{Replies: map[string]string{"PASV": "502 No.", "EPSV": "502 No."}}
	for _, verb := range verbs {
		t.Run("no passive mode "+verb, func(t *testing.T) {
			if got := boundFor(t, "ftp.internal:21", verb, none, 0); got != nil {
				t.Errorf("was to listen on %q", got)
			}
		})
	}
}

// boundFor has a client download so many files, or be refused a data
// connection, and returns where the server side was to listen.
func boundFor(t *testing.T, target, verb string, faults testenv.Faults, files int) []string {
	tree := &testenv.Tree{}
	tree.Put("f", []byte("file"))
	ftp := ftpServer(t, testenv.FTPOptions{Tree: tree, Faults: faults})
	side := &bindSide{ftp: ftp.Addr()}
	w := serve(t, &Tunnel{Server: side, Target: target, Mode: ftpinspect.ModeAuto}, listen(t, "127.0.0.1:0"))
	c := login(t, Local{}, w.addr)
	for range files {
		if got := c.get(verb, "RETR f"); string(got) != "file" {
			t.Errorf("got %q", got)
		}
	}
	if files == 0 {
		line := verb
		if verb == "PORT" || verb == "EPRT" {
			line = portLine(verb, addrPort(listen(t, "127.0.0.1:0").Addr()))
		}
		c.do(line, "4", "5")
	}
	c.do("QUIT", "221")
	c.ended()
	side.mu.Lock()
	defer side.mu.Unlock()
	return side.asked
}
