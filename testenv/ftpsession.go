package testenv

import (
	"bufio"
	"io"
	"net"
	"sync"
	"time"
)

// ftpSession is one control connection. Its fields belong to the goroutine of
// run, but for those that a mutex guards.
type ftpSession struct {
	server *FTPServer
	tcp    *gatedConn
	reader *bufio.Reader
	lines  chan string    // command lines, by readLines
	resume chan struct{}  // readLines waits for it after AUTH
	gone   chan struct{}  // closed when run has returned
	broken chan struct{}  // closed when the control connection was reset
	wg     sync.WaitGroup // readLines and the running transfer

	user      string
	loggedIn  bool
	cwd       string
	rename    string // RNFR
	rest      int64  // REST
	ascii     bool
	epsvAll   bool
	private   bool // PROT P
	quit      bool
	data      dataPath  // nil before PASV or PORT
	dead      io.Closer // holds the port that was announced with DeadPort
	queue     []string  // command lines that came during a transfer
	swallowed bool      // Swallow has said its 500
	commands  map[string]command

	wmu       sync.Mutex
	conn      net.Conn  // tcp or TLS over it; guarded by wmu
	silent    bool      // guarded by wmu
	collect   *[]string // where replies go that are postponed; guarded by wmu
	postponed []string  // guarded by wmu

	dmu     sync.Mutex
	current net.Conn // the data connection in use; guarded by dmu
}

func newFTPSession(s *FTPServer, tcp *gatedConn) *ftpSession {
	return &ftpSession{
		server: s, tcp: tcp, conn: tcp, cwd: "/", commands: ftpCommands,
		reader: bufio.NewReaderSize(tcp, maxCommand),
		lines:  make(chan string),
		resume: make(chan struct{}, 1),
		gone:   make(chan struct{}),
		broken: make(chan struct{}),
	}
}

// run serves the session until QUIT or the end of the connection.
func (s *ftpSession) run() {
	defer s.wg.Wait()
	defer s.hangUp()
	defer s.setData(nil)
	defer close(s.gone)
	readInlineUrgent(s.tcp.TCPConn)
	s.greet()
	s.wg.Go(s.readLines)
	for !s.quit {
		line, ok := s.next()
		if !ok {
			return
		}
		s.execute(line)
	}
}

// next returns the next command line: one that had to wait for a transfer, or
// from the client.
func (s *ftpSession) next() (string, bool) {
	if len(s.queue) > 0 {
		line := s.queue[0]
		s.queue = s.queue[1:]
		return line, true
	}
	line, ok := <-s.lines
	return line, ok
}

func (s *ftpSession) greet() {
	f := s.server.currentFaults()
	s.hush(f.Silent)
	s.pause(f.Delay[""])
	if f.Greeting != "" {
		s.say(f.Greeting)
		return
	}
	s.say("220 FTP server ready.")
}

// pause waits, or less if the server is closed.
func (s *ftpSession) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.server.ctx.Done():
	}
}

// execute serves one command line.
func (s *ftpSession) execute(line string) {
	verb, arg := splitCommand(line)
	if verb == "AUTH" {
		defer func() { s.resume <- struct{}{} }()
	}
	f := s.server.currentFaults()
	s.log(verb, line)
	s.hush(f.Silent)
	s.pause(f.Delay["*"] + f.Delay[verb])
	if f.Hook != nil && f.Hook(line, s.say) {
		return
	}
	if text, ok := f.Before[verb]; ok {
		s.say(text)
	}
	late := s.takePostponed(f.Postpone[verb])
	if text, ok := f.Replies[verb]; !ok {
		s.dispatch(verb, arg)
	} else if text != "" {
		s.say(text)
	}
	s.settlePostponed(late)
}

func (s *ftpSession) log(verb, line string) {
	if verb == "PASS" || verb == "ACCT" {
		line = verb + " ****"
	}
	s.server.counts.add(func(c *FTPCounts) { keep(&c.Commands, line) })
}
