//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"

	"ftptunnel/testenv/daemons"
)

// waiter is a client that logs in, announces a data connection, and waits for a
// line on its standard input before it takes its leave.
const waiter = `
import ftplib, socket, sys
port, mode = int(sys.argv[1]), sys.argv[2]
ftp = ftplib.FTP()
ftp.connect("127.0.0.1", port)
ftp.login()
if mode in ("PASV", "EPSV"):
    ftp.sendcmd(mode)
else:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    port = listener.getsockname()[1]
    if mode == "EPRT":
        ftp.sendcmd("EPRT |1|127.0.0.1|%d|" % port)
    else:
        ftp.sendcmd("PORT 127,0,0,1,%d,%d" % divmod(port, 256))
print("waiting", flush=True)
sys.stdin.readline()
print(ftp.quit())
`

// waits breaks something while a real client is idle. One that was killed ends
// its session; one that was stopped misses nothing.
func (c *realCell) waits() (string, error) {
	_, port, _ := net.SplitHostPort(c.run.addr)
	c.process = exec.Command(daemons.Find(c.t, "python3", "python3"), "-I", "-c", waiter, port, c.mode)
	c.process.Stderr = &c.stderr
	in, err := c.process.StdinPipe()
	if err != nil {
		return "", err
	}
	out, err := c.process.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := c.process.Start(); err != nil {
		return "", err
	}
	said := bufio.NewReader(out)
	if line, err := said.ReadString('\n'); line != "waiting\n" {
		_ = c.process.Wait()
		return "", fmt.Errorf("the client said %q, %v: %s", line, err, c.stderr.String())
	}
	c.strike(c)
	_, _ = io.WriteString(in, "\n") // it may be dead
	last, _ := io.ReadAll(said)
	err = c.process.Wait()
	if c.frozen {
		if err != nil || !strings.HasPrefix(string(last), "221") {
			return "stopped", fmt.Errorf("the client was only stopped: %v, told %q: %s", err, last, c.stderr.String())
		}
		return "goes on", nil
	}
	_, err = c.run.log.await("session_ended", nil)
	return "session ended", err
}
