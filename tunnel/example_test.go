package tunnel_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/textproto"
	"strings"

	"ftptunnel/testenv"
	"ftptunnel/tunnel"
)

// With two plain sides a tunnel is an FTP proxy on this machine. With the Client
// of package sshconn as its Server side it carries the same over SSH.
func Example() {
	ftp, err := testenv.NewFTPServer(testenv.FTPOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer ftp.Close()
	ftp.Tree().Put("hello.txt", []byte("Hello through the tunnel.\n"))

	ctx, stop := context.WithCancel(context.Background())
	l, err := tunnel.Local{}.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	t := &tunnel.Tunnel{Target: ftp.Addr()}
	ended := make(chan error)
	go func() { ended <- t.Serve(ctx, l) }()

	fmt.Print(fetch(l.Addr().String(), "hello.txt"))
	stop()
	fmt.Println(<-ended)

	// Output:
	// Hello through the tunnel.
	// <nil>
}

// fetch downloads a file in extended passive mode, as an FTP client does.
func fetch(addr, name string) string {
	c, err := textproto.Dial("tcp", addr)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ask := func(code int, line string) string {
		if line != "" {
			c.PrintfLine("%s", line)
		}
		_, text, err := c.ReadResponse(code)
		if err != nil {
			log.Fatal(err)
		}
		return text
	}
	ask(220, "")
	ask(331, "USER anonymous")
	ask(230, "PASS me@")
	_, port, _ := strings.Cut(ask(229, "EPSV"), "|||")
	host, _, _ := net.SplitHostPort(addr)
	data, err := net.Dial("tcp", net.JoinHostPort(host, strings.TrimRight(port, "|).")))
	if err != nil {
		log.Fatal(err)
	}
	defer data.Close()
	ask(1, "RETR "+name)
	content, err := io.ReadAll(data)
	if err != nil {
		log.Fatal(err)
	}
	ask(226, "")
	return string(content)
}
