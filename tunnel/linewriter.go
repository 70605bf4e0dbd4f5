package tunnel

import (
	"net"
	"sync"
)

// lineWriter writes to a control connection, each line in one write, and never
// blocks its session: a peer that does not read would otherwise keep the
// session from hearing anybody. Its goroutine lives while there is something
// to write.
type lineWriter struct {
	conn   net.Conn
	spawn  func(func()) // starts a goroutine that the session waits for
	notify func()       // wakes the session; called without mu

	mu      sync.Mutex // guards what follows
	queue   [][]byte
	size    int  // bytes in queue
	running bool // the goroutine lives
	end     bool // an end of file follows the queue
	ended   bool // it was sent
	err     error
}

// highWater is how many bytes may wait for a peer before the other one is no
// longer read.
const highWater = 64 << 10

// put has a line written. Nothing is written after a failure or an end.
func (w *lineWriter) put(line []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || w.end {
		return
	}
	w.queue = append(w.queue, line)
	w.size += len(line)
	w.start()
}

// finish sends an end of file after what was put.
func (w *lineWriter) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil && !w.end {
		w.end = true
		w.start()
	}
}

func (w *lineWriter) start() {
	if !w.running {
		w.running = true
		w.spawn(w.writeAll)
	}
}

// full reports whether the other peer must not be read for now.
func (w *lineWriter) full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size >= highWater
}

// idle reports whether nothing is left to be written.
func (w *lineWriter) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.running
}

// writeAll writes until the queue is empty.
func (w *lineWriter) writeAll() {
	for {
		line, end, ok := w.next()
		switch {
		case ok:
			_, err := w.conn.Write(line)
			w.wrote(len(line), err)
		case end:
			w.wrote(0, closeWrite(w.conn))
		default:
			w.notify()
			return
		}
	}
}

// next takes the next line, or tells that only the end of file is left. If
// there is nothing at all, the goroutine's life ends.
func (w *lineWriter) next() (line []byte, end, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil && len(w.queue) > 0 {
		line, w.queue = w.queue[0], w.queue[1:]
		return line, false, true
	}
	if w.err == nil && w.end && !w.ended {
		w.ended = true
		return nil, true, false
	}
	w.queue, w.size, w.running = nil, 0, false
	return nil, false, false
}

// wrote accounts for a line. After a failure the connection is closed, so that
// its reader hears of it.
func (w *lineWriter) wrote(n int, err error) {
	w.mu.Lock()
	wasFull := w.size >= highWater
	w.size -= n
	if err != nil {
		w.err = err
	}
	relieved := wasFull && w.size < highWater
	w.mu.Unlock()
	if err != nil {
		w.conn.Close()
	}
	if relieved {
		w.notify()
	}
}
