package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"ftptunnel/testenv"
)

// startUp is the time until ftptunnel is ready, and that of ssh to run nothing.
func (s *scene) startUp() error {
	for range s.options.runs {
		took, err := s.login()
		if err != nil {
			return err
		}
		s.results.add(key{"start", s.link, "ssh host true"}, milliseconds, measured{value: inMilliseconds(took)})
		start := time.Now()
		p, err := s.peer(ftptunnel)
		if err != nil {
			return err
		}
		took = time.Since(start)
		p.stop()
		s.results.add(key{"start", s.link, ftptunnel}, milliseconds, measured{value: inMilliseconds(took)})
	}
	return nil
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// idle is the memory of a session in which nothing happens. The server is the
// embedded one: a thousand sessions of a real one are two thousand processes.
func (s *scene) idle() error {
	var ftp *testenv.FTPServer
	err := s.server.Do(func() (err error) {
		ftp, err = testenv.NewFTPServer(testenv.FTPOptions{})
		return err
	})
	if err != nil {
		return err
	}
	defer ftp.Close()
	for range s.options.runs {
		if err := s.idleOnce(ftp.Addr()); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) idleOnce(target string) error {
	p, err := s.tunnel("near", target)
	if err != nil {
		return err
	}
	defer p.stop()
	before, err := p.proc.resident()
	if err != nil {
		return err
	}
	var open []net.Conn
	defer func() {
		for _, conn := range open {
			conn.Close()
		}
	}()
	for range s.options.idle {
		conn, err := s.session(p.at)
		if conn != nil {
			open = append(open, conn)
		}
		if err != nil {
			return errors.Join(err, errors.New(p.proc.stderr.String()))
		}
	}
	after, err := p.proc.resident()
	if err != nil {
		return err
	}
	each := float64(after-before) / 1024 / float64(len(open))
	s.results.add(key{fmt.Sprintf("%d idle sessions, each", s.options.idle), s.link, p.name}, kibibytes, measured{value: each, peak: after})
	return nil
}

// session logs in and leaves the connection idle.
func (s *scene) session(addr string) (conn net.Conn, err error) {
	err = s.client.Do(func() (err error) {
		conn, err = net.DialTimeout("tcp", addr, 10*time.Second)
		return err
	})
	if err != nil {
		return nil, err
	}
	replies := bufio.NewReader(conn)
	for _, step := range []struct{ say, want string }{{"", "220"}, {"USER anonymous\r\n", "331"}, {"PASS bench@\r\n", "230"}} {
		if _, err := conn.Write([]byte(step.say)); err != nil {
			return conn, err
		}
		if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
			return conn, err
		}
		line, err := replies.ReadString('\n')
		if err != nil {
			return conn, err
		}
		if !strings.HasPrefix(line, step.want) {
			return conn, fmt.Errorf("after %q the server says %q", step.say, line)
		}
	}
	return conn, nil
}
