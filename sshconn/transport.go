package sshconn

import (
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// readBuffer is how much is read from the transport at a time. x/crypto reads
// through a buffer of 4 KiB, which costs two system calls a packet.
const readBuffer = 256 << 10

// transport is the connection under an SSH connection. It is there to tell a
// channel's end of file from the end of the connection, which x/crypto reports
// alike, and to notice life (any byte received) for the keepalive.
//
// One goroutine reads (x/crypto's read loop), any may write.
type transport struct {
	net.Conn
	buf  []byte // read and not yet taken; the reader's own
	full []byte

	first      string      // how it begins; the reader's own until the handshake is over
	tail       string      // the end of what has come up to SSH's identification; the reader's own
	foreign    func()      // called when something else comes first, may be nil
	identified atomic.Bool // the identification has come

	reads   atomic.Uint64         // calls of Read so far
	reading atomic.Bool           // a Read waits for the network
	life    atomic.Uint64         // reads that brought bytes
	failed  atomic.Pointer[error] // first failure; set before it is returned
	closed  atomic.Bool
}

func newTransport(c net.Conn) *transport {
	return &transport{Conn: c, full: make([]byte, readBuffer)}
}

func (t *transport) Read(p []byte) (int, error) {
	t.reads.Add(1)
	if len(t.buf) == 0 {
		t.reading.Store(true)
		n, err := t.Conn.Read(t.full)
		if n == 0 && err != nil {
			t.fail(err)
			t.reading.Store(false)
			return 0, err
		}
		t.reading.Store(false)
		t.life.Add(1)
		t.buf = t.full[:n]
		t.identify()
	}
	n := copy(p, t.buf)
	t.buf = t.buf[n:]
	return n, nil
}

// identify looks for SSH's identification in what has come, and keeps the
// beginning.
func (t *transport) identify() {
	const most = 1024 // bytes that are kept
	if t.identified.Load() {
		return
	}
	begins := t.first == ""
	t.first += string(t.buf[:min(len(t.buf), most-len(t.first))])
	come := t.tail + string(t.buf)
	t.tail = come[max(0, len(come)-len("\nSSH")):]
	if _, strange := foreign(t.first); !strange || strings.Contains(come, "\nSSH-") {
		t.identified.Store(true)
	} else if begins && t.foreign != nil {
		t.foreign()
	}
}

func (t *transport) Write(p []byte) (int, error) {
	n, err := t.Conn.Write(p)
	if err != nil {
		t.fail(err)
	}
	return n, err
}

// Close closes the connection; channels that end from now on were cut.
func (t *transport) Close() error {
	t.closed.Store(true)
	return t.Conn.Close()
}

// fail records why the connection ended; the first cause stays.
func (t *transport) fail(err error) { t.failed.CompareAndSwap(nil, &err) }

// cause returns the first failure, or nil.
func (t *transport) cause() error {
	if p := t.failed.Load(); p != nil {
		return *p
	}
	return nil
}

// alive reports whether the end of file that a channel has just reported came
// from the peer. x/crypto ends every channel alike when its read loop dies,
// because the transport failed or because a packet was tampered with. In the
// first case the failure is on record by now; in the second the loop never
// reads again and closes the transport. So a Read that waits, or one that
// begins, proves that the loop lives.
func (t *transport) alive() bool {
	seen := t.reads.Load()
	for i := 0; ; i++ {
		switch {
		case t.failed.Load() != nil || t.closed.Load():
			return false
		case t.reading.Load() || t.reads.Load() != seen:
			return true
		case i < 100:
			runtime.Gosched()
		default:
			time.Sleep(50 * time.Microsecond)
		}
	}
}
