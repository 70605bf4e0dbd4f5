package ftpinspect_test

import (
	"fmt"
	"net/netip"
	"strings"

	"ftptunnel/ftpinspect"
)

// A client asks for a passive port, and gets that of a listener of the caller's
// in the place of the server's.
func Example() {
	here := netip.MustParseAddr("127.0.0.1")
	s := ftpinspect.New(ftpinspect.Config{Local: here, Peer: here, TargetHost: "10.0.0.5"})

	carryOut(s.ServerLine(line("220 Welcome.")))
	carryOut(s.ClientLine(line("PASV")))
	carryOut(s.ServerLine(line("227 Entering Passive Mode (10,0,0,5,195,80).")))

	// The caller opens the listener, dials the server, and says so. Only from
	// that is there a line for the client.
	at := ftpinspect.Listeners{Client: netip.MustParseAddrPort("127.0.0.1:40000")}
	carryOut(s.Met(1, at))

	// Output:
	// to the client: 220 Welcome.
	// to the server: PASV
	// expected: data connection 1, dial port 50000 of the server
	// to the client: 227 Entering Passive Mode (127,0,0,1,156,64).
}

func line(text string) ftpinspect.Line { return ftpinspect.Line{Text: []byte(text)} }

// carryOut only prints what a caller would do.
func carryOut(effects []ftpinspect.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case ftpinspect.ToClient:
			fmt.Println("to the client:", strings.TrimSpace(string(e)))
		case ftpinspect.ToServer:
			fmt.Println("to the server:", strings.TrimSpace(string(e)))
		case ftpinspect.Expect:
			fmt.Printf("expected: data connection %d, dial port %d of the server\n", e.ID, e.Server.Port)
		}
	}
}
