package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// sayFTP sends lines to an FTP server, each after the reply to the one before,
// and has what is answered as its output: ftpsay addr line... A line is written
// as in a Go string; in it {long} is too long. The end of the session ends it.
func sayFTP(ts *testscript.TestScript, _ bool, args []string) {
	c, err := net.DialTimeout("tcp", args[0], scriptTimeout)
	ts.Check(err)
	defer c.Close()
	ts.Check(c.SetDeadline(time.Now().Add(scriptTimeout)))
	r := bufio.NewReader(c)
	var said strings.Builder
	for _, line := range append([]string{""}, args[1:]...) {
		text, err := strconv.Unquote(`"` + line + `"`)
		ts.Check(err)
		if text = strings.ReplaceAll(text, "{long}", strings.Repeat("x", 5000)); text != "" {
			_, err = io.WriteString(c, text+"\r\n")
		}
		if err == nil {
			err = readReply(r, &said)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
			break
		}
		ts.Check(err)
	}
	fmt.Fprint(ts.Stdout(), said.String())
}

// readReply reads one reply, of one line or several.
func readReply(r *bufio.Reader, to *strings.Builder) error {
	for {
		line, err := r.ReadString('\n')
		to.WriteString(line)
		if err != nil {
			return err
		}
		if len(line) > 3 && line[3] == ' ' && line[0] >= '1' && line[0] <= '5' {
			return nil
		}
	}
}

// dropConnections cuts the SSH connections of a server: drop box.
func dropConnections(ts *testscript.TestScript, _ bool, args []string) {
	networkOf(ts).ssh[args[0]].Drop()
}
