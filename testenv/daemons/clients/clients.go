//go:build unix

// Package clients drives real FTP clients for tests: curl, lftp, wget, ncftp,
// tnftp, inetutils-ftp and Python's ftplib, each in every mode that it has.
//
// A client says which command line (and which lines on its standard input)
// get, put or list; Run runs it. Several of them exit with 0 whatever
// happened, so a test compares what has arrived.
package clients

import (
	"bytes"
	"context"
	"net"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons"
)

// Mode is the command with which a client asks for a data connection.
type Mode string

// The modes of RFC 959 and RFC 2428.
const (
	PASV Mode = "PASV"
	EPSV Mode = "EPSV"
	PORT Mode = "PORT"
	EPRT Mode = "EPRT"
)

// Passive reports whether the server listens.
func (m Mode) Passive() bool { return m == PASV || m == EPSV }

// Extended reports whether it is one of RFC 2428's.
func (m Mode) Extended() bool { return m == EPSV || m == EPRT }

// Site is an FTP server and an account there.
type Site struct {
	Host     string
	Port     int
	User     string
	Password string
}

// Command is one run of a client.
type Command struct {
	Program string // looked for as daemons.Find does
	Args    []string
	Stdin   string
}

// Client is a real FTP client. Remote names are absolute, local names are
// paths. A mode given is one of its Modes.
type Client interface {
	// Name is what the client is known as.
	Name() string

	// Package is the Debian package that brings it.
	Package() string

	// Modes are those that it has over IPv4 or over IPv6; none if it does not
	// know that protocol.
	Modes(ipv6 bool) []Mode

	// Get downloads one file.
	Get(s Site, m Mode, remote, local string) Command

	// Put uploads one file. The command has no Program if the client cannot.
	Put(s Site, m Mode, local, remote string) Command

	// List prints a listing of a folder: text, or HTML, with the names of its
	// files.
	List(s Site, m Mode, folder string) Command
}

// All are the clients.
var All = []Client{Curl{}, LFTP{}, Wget{}, NcFTP{}, TNFTP{}, Inetutils{}, Ftplib{}}

// Run runs a client's command with a home folder of its own and no proxy, and
// returns what it printed on both streams. It is killed when ctx ends.
func Run(ctx context.Context, t testing.TB, client Client, c Command) (output []byte, err error) {
	t.Helper()
	cmd := exec.CommandContext(ctx, daemons.Find(t, c.Program, client.Package()), c.Args...)
	home := t.TempDir()
	cmd.Env = environ(home)
	cmd.Dir = home // wget keeps a file .listing there
	cmd.Stdin = strings.NewReader(c.Stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.Bytes(), err
}

// environ is the environment for a client: file names are UTF-8, no
// configuration of the user's is read, and no proxy stands between.
func environ(home string) []string {
	var env []string
	for _, pair := range daemons.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			env = append(env, pair)
		}
	}
	return append(env, "HOME="+home, "LC_ALL=C.UTF-8", "TERM=dumb")
}

// url is the URL of a file of the site, without the account.
func (s Site) url(path string) string {
	u := url.URL{Scheme: "ftp", Host: net.JoinHostPort(s.Host, s.port()), Path: path}
	return u.String()
}

// folderURL is the URL of a folder, which ends in a slash.
func (s Site) folderURL(path string) string { return s.url(strings.TrimSuffix(path, "/") + "/") }

func (s Site) port() string { return strconv.Itoa(s.Port) }

// quote puts a file name into double quotes, for clients that read commands.
func quote(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

func lines(commands ...string) string { return strings.Join(commands, "\n") + "\n" }
