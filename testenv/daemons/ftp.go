//go:build unix

package daemons

import (
	"net"
	"path/filepath"
	"strconv"
	"testing"
)

// FTPServer is a real FTP server that runs.
type FTPServer struct {
	*Process // nil for inetutils-ftpd, which is started for each connection

	Name     string // the program
	Host     string // the address that it listens on
	Port     int
	Addr     string // Host:Port
	User     string
	Password string

	// Root is the folder that a client sees as "/". Nobody writes to it but
	// the test. Within it, clients write to the folder Upload.
	Root   string
	Upload string
}

// FTPOptions says how an FTP server is to be started. The zero value permits
// every mode, on IPv4.
type FTPOptions struct {
	IPv6 bool

	// Host is the address to listen on, a loopback address if empty.
	Host string

	// Port is the port to listen on, a free one if 0. Whoever gives it knows
	// that it is free, as on a host of the test's own. inetutils-ftpd takes
	// none.
	Port int

	// Extra are settings in the server's own words, as the launcher says.
	Extra []string
}

// FTPServers are the launchers, by the program's name.
var FTPServers = []struct {
	Name  string
	Start func(testing.TB, FTPOptions) *FTPServer
}{
	{"vsftpd", VSFTPD},
	{"proftpd", ProFTPD},
	{"pure-ftpd", PureFTPD},
	{"pyftpdlib", Pyftpdlib},
	{"inetutils-ftpd", InetutilsFTPD},
}

// newFTPServer makes the folders that a server serves.
func newFTPServer(t testing.TB, name, dir string, o FTPOptions) *FTPServer {
	t.Helper()
	root := folder(t, filepath.Join(dir, "pub"), 0o755)
	folder(t, filepath.Join(root, "up"), 0o777)
	return &FTPServer{
		Name:     name,
		Host:     listenHost(o.Host, o.IPv6),
		User:     "anonymous",
		Password: "ftptunnel@example.com",
		Root:     root,
		Upload:   "up",
	}
}

// started completes the server once its port is known.
func (s *FTPServer) started(p *Process, port int) *FTPServer {
	s.Process, s.Port = p, port
	s.Addr = net.JoinHostPort(s.Host, strconv.Itoa(port))
	return s
}
