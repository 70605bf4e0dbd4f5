package testenv

import (
	"bufio"
	"crypto/tls"
	"net"
)

// hangUp closes the control connection, with TLS's farewell if there is TLS.
func (s *ftpSession) hangUp() {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	s.conn.Close()
}

// startTLS goes on in TLS. What was read ahead came in clear and is dropped.
func (s *ftpSession) startTLS() {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	s.conn = tls.Server(s.tcp, s.server.opts.TLS)
	s.reader = bufio.NewReaderSize(s.conn, maxCommand)
}

func (s *ftpSession) secure() bool {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	return s.conn != net.Conn(s.tcp)
}
