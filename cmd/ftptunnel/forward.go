package main

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// forwardKind says which way a forward goes.
type forwardKind int

const (
	localForward  forwardKind = iota // -L, and target's: clients are here
	remoteForward                    // -R: clients are there, the FTP server is here
	proxyForward                     // -D: clients are here and name the server
)

// option returns the option that makes such a forward, and what it takes.
func (k forwardKind) option() (name, syntax string) {
	switch k {
	case remoteForward:
		return "-R", "[bind:]port:host:hostport"
	case proxyForward:
		return "-D", "[bind:]port"
	}
	return "-L", "[bind:]port:host:hostport"
}

// example shows how the option is used.
func (k forwardKind) example() string {
	name, _ := k.option()
	if k == proxyForward {
		return "as in " + name + " 2121"
	}
	return "as in " + name + " 2121:localhost:21"
}

// forward is one FTP-aware forward: where clients arrive, and the FTP server as
// the other side resolves it, which a proxy lacks.
type forward struct {
	kind     forwardKind
	bind     string // "localhost" is every loopback address, "" every address
	port     int
	host     string
	hostPort int
}

// target returns the FTP server's host:port, "" for a proxy.
func (f forward) target() string {
	if f.kind == proxyForward {
		return ""
	}
	return net.JoinHostPort(f.host, strconv.Itoa(f.hostPort))
}

// listenAddress returns where clients arrive, host:port.
func (f forward) listenAddress() string { return net.JoinHostPort(f.bind, strconv.Itoa(f.port)) }

// bound returns bind if it is an address, and else the zero value.
func (f forward) bound() netip.Addr {
	a, _ := netip.ParseAddr(f.bind)
	return a
}

// leads says in words where a client at url comes to.
func (f forward) leads(url string) string {
	switch f.kind {
	case remoteForward:
		return fmt.Sprintf("%s on the SSH server's side is %s from here", url, f.target())
	case proxyForward:
		return url + " is a proxy: USER name@host[:port] names the server"
	}
	return fmt.Sprintf("%s is %s", url, f.target())
}

// parseForward reads the argument of -L, -R or -D. Without bind it is every
// loopback address.
func parseForward(kind forwardKind, s string) (forward, error) {
	name, syntax := kind.option()
	fields, err := splitColons(s)
	whole := 4
	if kind == proxyForward {
		whole = 2
	}
	if err == nil && len(fields) == whole-1 {
		fields = append([]string{"localhost"}, fields...)
	}
	if err != nil || len(fields) != whole || whole == 4 && fields[2] == "" {
		return forward{}, &usageError{fmt.Sprintf("%s %q is not %s", name, s, syntax), kind.example()}
	}
	f := forward{kind: kind, bind: wildcard(fields[0])}
	if f.port, err = parseListenPort(fields[1]); err != nil {
		return f, usagef("%s %q: %v", name, s, err)
	}
	if kind == proxyForward {
		return f, nil
	}
	f.host = fields[2]
	if f.hostPort, err = parsePort(fields[3]); err != nil {
		return f, usagef("%s %q: %v", name, s, err)
	}
	return f, nil
}

// forwardSpec is one -L, -R or -D as it was typed.
type forwardSpec struct {
	kind forwardKind
	text string
}

// forwardValue is an option that adds to a list which several share, for the
// order in which they stand is that of the lines on stdout.
type forwardValue struct {
	kind forwardKind
	all  *[]forwardSpec
}

// Set adds a forward.
func (v forwardValue) Set(s string) error {
	*v.all = append(*v.all, forwardSpec{v.kind, s})
	return nil
}

// String returns nothing: there is no default.
func (v forwardValue) String() string { return "" }

// Type names the argument.
func (v forwardValue) Type() string { return "forward" }
