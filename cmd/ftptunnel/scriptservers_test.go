package main

import (
	"crypto/tls"
	"encoding/pem"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"

	"ftptunnel/testenv"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"
)

// network is what a script has started.
type network struct {
	ssh    map[string]*testenv.SSHServer
	ftp    *testenv.FTPServer
	tunnel *background
	behind *leftBehind
}

type networkKey struct{}

func newNetwork() *network { return &network{ssh: map[string]*testenv.SSHServer{}} }

// networkOf returns the script's network.
func networkOf(ts *testscript.TestScript) *network { return ts.Value(networkKey{}).(*network) }

// flags parses a command's own options.
func flags(ts *testscript.TestScript, f *flag.FlagSet, args []string) []string {
	f.Init("", flag.ContinueOnError)
	ts.Check(f.Parse(args))
	return f.Args()
}

// startSSHD starts an SSH server: sshd [option...] name. The file cfg then has
// it as a Host, with its key and known_hosts; NAME_PORT is its port.
func startSSHD(ts *testscript.TestScript, _ bool, args []string) {
	var f flag.FlagSet
	password := f.String("password", "", "let in by this password, and by no key")
	passphrase := f.String("passphrase", "", "lock its key with this passphrase")
	direct := f.Bool("refuse-direct", false, "refuse direct-tcpip")
	permit := f.String("permit-open", "", "the only target of direct-tcpip")
	forward := f.Bool("refuse-forward", false, "refuse tcpip-forward")
	jump := f.String("jump", "", "is reached through this Host")
	unknown := f.Bool("unknown", false, "leave its key out of known_hosts")
	banner := f.String("banner", "", "what it shows before the login, as in a Go string")
	name := flags(ts, &f, args)[0]
	shown, err := strconv.Unquote(`"` + *banner + `"`)
	ts.Check(err)
	auth := testenv.SSHAuth{Password: *password, OnlyKeys: *password != ""}
	s, err := testenv.NewSSHServer(testenv.SSHOptions{Auth: auth, Banner: shown})
	ts.Check(err)
	ts.Defer(func() { s.Close() })
	if *permit != "" {
		s.PermitOpen(*permit)
	}
	s.RefuseDirect(*direct)
	s.RefuseForward(*forward)
	networkOf(ts).ssh[name] = s
	ts.Setenv(strings.ToUpper(name)+"_PORT", fmt.Sprint(s.Port()))
	ts.Check(os.WriteFile(ts.MkAbs(name+".key"), lockKey(ts, s.ClientKeyPEM(), *passphrase), 0o600))
	host := fmt.Sprintf("Host %s\n\tHostName 127.0.0.1\n\tPort %d\n\tUser tester\n\tIdentityFile %s\n"+
		"\tUserKnownHostsFile %s\n\tGlobalKnownHostsFile none\n", name, s.Port(), ts.MkAbs(name+".key"), ts.MkAbs("known_hosts"))
	if *jump != "" {
		host += "\tProxyJump " + *jump + "\n"
	}
	appendFile(ts, "cfg", host)
	if !*unknown {
		appendFile(ts, "known_hosts", s.KnownHosts())
	}
}

// lockKey returns a private key that wants a passphrase, unless that is empty.
func lockKey(ts *testscript.TestScript, key []byte, passphrase string) []byte {
	if passphrase == "" {
		return key
	}
	raw, err := ssh.ParseRawPrivateKey(key)
	ts.Check(err)
	block, err := ssh.MarshalPrivateKeyWithPassphrase(raw, "", []byte(passphrase))
	ts.Check(err)
	return pem.EncodeToMemory(block)
}

func appendFile(ts *testscript.TestScript, name, text string) {
	f, err := os.OpenFile(ts.MkAbs(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = f.WriteString(text)
	ts.Check(err)
	ts.Check(f.Close())
}

// startFTPD starts the FTP server: ftpd [option...]. It serves hello.txt and
// big.bin, of 8 MB; FTP is its address and FTP_PORT its port.
func startFTPD(ts *testscript.TestScript, _ bool, args []string) {
	var f flag.FlagSet
	greeting := f.String("greeting", "", "what it says instead of 220")
	rate := f.Int64("rate", 0, "bytes a second")
	dead := f.Bool("dead-port", false, "nothing listens at the announced port")
	offers := f.Bool("tls", false, "offer AUTH TLS")
	demands := f.Bool("require-tls", false, "refuse logins without it")
	flags(ts, &f, args)
	var config *tls.Config
	if *offers || *demands {
		var err error
		config, _, err = testenv.SelfSigned("127.0.0.1")
		ts.Check(err)
	}
	tree := &testenv.Tree{}
	tree.Put("hello.txt", []byte("hello, world\n"))
	tree.Put("big.bin", make([]byte, 8_000_000))
	s, err := testenv.NewFTPServer(testenv.FTPOptions{
		Tree: tree, TLS: config, RequireTLS: *demands,
		Faults: testenv.Faults{Greeting: *greeting, Rate: *rate, DeadPort: *dead},
	})
	ts.Check(err)
	ts.Defer(func() { s.Close() })
	networkOf(ts).ftp = s
	ts.Setenv("FTP", s.Addr())
	ts.Setenv("FTP_PORT", fmt.Sprint(s.Port()))
}

// takePort listens on a port, which TAKEN names. What connects there is closed.
func takePort(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	var closing sync.WaitGroup
	closing.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	})
	ts.Defer(closing.Wait)
	ts.Defer(func() { l.Close() })
	ts.Setenv("TAKEN", fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
}
