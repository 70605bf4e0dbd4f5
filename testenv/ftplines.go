package testenv

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// maxCommand is the longest command line in bytes.
const maxCommand = 4096

// tooLong stands for a command line over maxCommand; no client can send it.
const tooLong = "\n"

// readLines passes complete command lines on until the connection ends. After
// AUTH it waits: what follows may be TLS.
func (s *ftpSession) readLines() {
	defer close(s.lines)
	for {
		line, err := readCommand(s.reader)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				close(s.broken)
			}
			return
		}
		if line == "" {
			continue
		}
		select {
		case s.lines <- line:
		case <-s.gone:
			return
		}
		if verb, _ := splitCommand(line); verb == "AUTH" {
			select {
			case <-s.resume:
			case <-s.gone:
				return
			}
		}
	}
}

// readCommand reads a line, without its end and the Telnet sequences before
// it.
func readCommand(r *bufio.Reader) (string, error) {
	b, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
		return tooLong, err
	}
	if err != nil {
		return "", err
	}
	return stripTelnet(strings.TrimRight(string(b), "\r\n")), nil
}

// stripTelnet removes the Telnet sequences ahead of a command (RFC 959,
// section 4.1.3, ABOR): IAC with an option takes three bytes, any other two.
func stripTelnet(line string) string {
	const iac, will, dont = 0xff, 0xfb, 0xfe
	for len(line) > 0 && (line[0] == iac || line[0] == 0xf2) {
		switch {
		case line[0] == 0xf2: // the data mark without its IAC, sent as urgent byte
			line = line[1:]
		case len(line) > 1 && line[1] >= will && line[1] <= dont:
			line = line[min(3, len(line)):]
		case len(line) > 1 && line[1] == iac:
			line = line[1:]
		default:
			line = line[min(2, len(line)):]
		}
	}
	return line
}

func splitCommand(line string) (verb, arg string) {
	verb, arg, _ = strings.Cut(line, " ")
	return strings.ToUpper(verb), arg
}
