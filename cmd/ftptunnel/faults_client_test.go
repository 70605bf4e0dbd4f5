//go:build unix

package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// witness is an FTP client that writes down exactly what it sees.
type witness struct {
	conn *net.TCPConn
	r    *bufio.Reader
	text []string // every line that it has received
}

// meet connects and reads the greeting.
func meet(addr string) (*witness, error) {
	c, err := net.DialTimeout("tcp", addr, testTimeout)
	if err != nil {
		return nil, err
	}
	w := &witness{conn: c.(*net.TCPConn), r: bufio.NewReader(c)}
	w.limit(testTimeout)
	return w, w.expect("220")
}

// enter connects and logs in.
func enter(addr string) (*witness, error) {
	w, err := meet(addr)
	if err == nil {
		err = w.logIn()
	}
	if err != nil && w != nil {
		w.conn.Close()
	}
	return w, err
}

func (w *witness) logIn() error {
	line, err := w.ask("USER anonymous")
	if err == nil && strings.HasPrefix(line, "331") {
		line, err = w.ask("PASS guest@example.com")
	}
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "230") {
		return fmt.Errorf("the login was answered %q", line)
	}
	w.say("TYPE I")
	return w.expect("200")
}

func (w *witness) limit(d time.Duration) { _ = w.conn.SetDeadline(time.Now().Add(d)) }

// say sends a line. A failure shows in the next reply.
func (w *witness) say(line string) { _, _ = w.conn.Write([]byte(line + "\r\n")) }

// reply reads one reply and returns its last line.
func (w *witness) reply() (string, error) {
	code := ""
	for {
		line, err := w.r.ReadString('\n')
		if err != nil {
			return line, err
		}
		if !strings.HasSuffix(line, "\r\n") {
			return line, fmt.Errorf("%q does not end in CRLF", line)
		}
		line = strings.TrimSuffix(line, "\r\n")
		w.text = append(w.text, line)
		if code == "" && len(line) > 3 && line[3] == '-' {
			code = line[:3]
		}
		if code == "" || strings.HasPrefix(line, code+" ") {
			return line, nil
		}
	}
}

// expect reads a reply that must begin so.
func (w *witness) expect(start string) error {
	line, err := w.reply()
	if err == nil && !strings.HasPrefix(line, start) {
		err = fmt.Errorf("got %q, want %s", line, start)
	}
	return err
}

// ask sends a line and reads its reply.
func (w *witness) ask(line string) (string, error) {
	w.say(line)
	return w.reply()
}

// announce asks for a data connection and makes the client's end of it.
func (w *witness) announce(mode string) (*dataEnd, error) {
	if mode == "PASV" || mode == "EPSV" {
		line, err := w.ask(mode)
		if err != nil {
			return nil, err
		}
		addr, err := passiveAddress(w.conn.RemoteAddr(), line)
		if err != nil {
			return nil, err
		}
		c, err := net.DialTimeout("tcp", addr, testTimeout)
		return &dataEnd{conn: c}, err
	}
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: w.conn.LocalAddr().(*net.TCPAddr).IP})
	if err != nil {
		return nil, err
	}
	w.say(mode + " " + activeArgument(mode, l.Addr().(*net.TCPAddr).AddrPort()))
	if err := w.expect("200"); err != nil {
		l.Close()
		return nil, err
	}
	return &dataEnd{listener: l}, nil
}

// begin announces a data connection, sends a transfer command and returns the
// connection when the server has begun. The listener of an active one stays
// open, as real clients' does for a while.
func (w *witness) begin(mode, line string) (*net.TCPConn, func(), error) {
	end, err := w.announce(mode)
	if err != nil {
		return nil, nil, err
	}
	w.say(line)
	if err := w.expect("1"); err != nil {
		end.close()
		return nil, nil, fmt.Errorf("%s: %w", line, err)
	}
	c, err := end.open()
	if err != nil {
		end.close()
		return nil, nil, err
	}
	_ = c.SetDeadline(time.Now().Add(testTimeout))
	return c.(*net.TCPConn), func() { c.Close(); end.close() }, nil
}

// How a connection ended for the client.
const (
	endFIN   = "FIN"
	endRST   = "RST"
	endHang  = "hang"
	endAlive = "open"
)

// seen is what a client has seen of one transfer.
type seen struct {
	bytes   int64  // of data, received or written
	sha256  string // of what was received
	data    string // how the data connection ended
	reply   string // the final reply, empty if none came
	control string // how the control connection ended, if it did
	took    time.Duration
}

func (s seen) String() string {
	parts := []string{}
	if s.data != "" {
		parts = append(parts, "data "+s.data)
	}
	if s.reply != "" {
		parts = append(parts, strings.Fields(s.reply)[0])
	}
	if s.control != "" {
		parts = append(parts, "ctrl "+s.control)
	}
	return strings.Join(parts, ", ") + fmt.Sprintf(" %.1fs", s.took.Seconds())
}

// ending names the end of a connection by the error that it shows as.
func ending(err error) string {
	switch {
	case err == nil:
		return endAlive
	case errors.Is(err, io.EOF):
		return endFIN
	case errors.Is(err, os.ErrDeadlineExceeded):
		return endHang
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return endRST
	case errors.Is(err, net.ErrClosed):
		return "closed"
	}
	return err.Error()
}

// strike is a fault and the byte count at which it strikes.
type strike struct {
	at int64
	do func() error
}

// receive reads a data connection to its end, and the final reply.
func (w *witness) receive(data *net.TCPConn, f strike) (seen, error) {
	var s seen
	hash, buf := sha256.New(), make([]byte, 8<<10)
	struck := time.Time{}
	for {
		n, err := data.Read(buf)
		hash.Write(buf[:n])
		s.bytes += int64(n)
		if f.do != nil && struck.IsZero() && s.bytes >= f.at {
			if err := f.do(); err != nil {
				return s, err
			}
			struck = time.Now()
			w.limit(hangLimit)
			_ = data.SetDeadline(struck.Add(hangLimit))
		}
		if err != nil {
			s.data, s.sha256 = ending(err), hex.EncodeToString(hash.Sum(nil))
			break
		}
	}
	data.Close()
	w.conclude(&s, struck)
	return s, nil
}

// send writes an upload's size bytes, the first at of them before the fault
// strikes, and reads the final reply.
func (w *witness) send(data *net.TCPConn, content io.Reader, f strike) (seen, error) {
	var s seen
	n, err := io.Copy(data, io.LimitReader(content, f.at))
	s.bytes = n
	if err != nil {
		return s, err
	}
	struck := time.Time{}
	if f.do != nil {
		if err := f.do(); err != nil {
			return s, err
		}
		struck = time.Now()
		w.limit(hangLimit)
		_ = data.SetDeadline(struck.Add(hangLimit))
	}
	n, err = io.Copy(data, content)
	s.bytes += n
	if err == nil {
		_ = data.CloseWrite() // it may be closed already, or lost
	}
	w.conclude(&s, struck)
	if err == nil {
		_, err = data.Read(make([]byte, 1))
	}
	s.data = ending(err)
	data.Close()
	return s, nil
}

// conclude reads the final reply and, if that ends the session, its end.
func (w *witness) conclude(s *seen, struck time.Time) {
	line, err := w.reply()
	if err == nil {
		s.reply = line
		if strings.HasPrefix(line, "421") {
			_, err = w.reply()
		}
	}
	if err != nil {
		s.control = ending(err)
	}
	if !struck.IsZero() {
		s.took = time.Since(struck)
	}
}

// wait stays idle until the session ends.
func (w *witness) wait(f strike) (seen, error) {
	var s seen
	if err := f.do(); err != nil {
		return s, err
	}
	struck := time.Now()
	w.limit(hangLimit)
	w.conclude(&s, struck)
	return s, nil
}

// fetch downloads a file and returns its hash.
func (w *witness) fetch(mode, name string) (string, error) {
	data, done, err := w.begin(mode, "RETR "+name)
	if err != nil {
		return "", err
	}
	defer done()
	s, err := w.receive(data, strike{})
	if err == nil && (s.data != endFIN || !strings.HasPrefix(s.reply, "2")) {
		err = fmt.Errorf("RETR %s: %v %q", name, s, s.reply)
	}
	return s.sha256, err
}

// store uploads content.
func (w *witness) store(mode, name string, content io.Reader) error {
	data, done, err := w.begin(mode, "STOR "+name)
	if err != nil {
		return err
	}
	defer done()
	s, err := w.send(data, content, strike{at: 1})
	if err == nil && (s.data != endFIN || !strings.HasPrefix(s.reply, "2")) {
		err = fmt.Errorf("STOR %s: %v %q", name, s, s.reply)
	}
	return err
}
