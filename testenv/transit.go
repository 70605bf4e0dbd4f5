package testenv

import (
	"errors"
	"io"
	"net"
	"time"
)

// transit is what is on its way in one direction of a connection. Each chunk
// carries the time at which it is due, so that the waiting for one does not
// hold up the reading of the next.
type transit struct {
	line   *DelayLine
	chunks chan chunk
	gone   chan struct{} // closed when nothing is delivered any more
}

type chunk struct {
	data []byte
	due  time.Time
	err  error // how the direction ended
}

const (
	transitChunk = 64 << 10
	transitLimit = 1024 // chunks
)

func newTransit(d *DelayLine) *transit {
	return &transit{line: d, chunks: make(chan chunk, transitLimit), gone: make(chan struct{})}
}

// fill reads from src until it ends.
func (q *transit) fill(src net.Conn) {
	defer close(q.chunks)
	var clear time.Time // when the link has sent what came before
	buf := make([]byte, transitChunk)
	for {
		n, err := src.Read(buf)
		now := time.Now()
		if clear.Before(now) {
			clear = now
		}
		if q.line.rate > 0 {
			clear = clear.Add(time.Duration(int64(n) * int64(time.Second) / q.line.rate))
		}
		c := chunk{data: append([]byte(nil), buf[:n]...), due: clear.Add(q.line.delay), err: err}
		select {
		case q.chunks <- c:
		case <-q.gone:
			return
		}
		if err != nil {
			return
		}
	}
}

// drain delivers to dst what is due. When dst takes no more, src hears of it
// by a reset.
func (q *transit) drain(dst, src net.Conn) {
	defer close(q.gone)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for c := range q.chunks {
		if !q.wait(timer, c.due) {
			return
		}
		if len(c.data) > 0 {
			if _, err := dst.Write(c.data); err != nil {
				reset(src)
				return
			}
		}
		switch {
		case c.err == nil:
		case errors.Is(c.err, io.EOF):
			_ = closeWrite(dst)
		default:
			reset(dst)
		}
	}
}

// wait returns when due has come and the line is not stalled, or false when it
// was closed.
func (q *transit) wait(timer *time.Timer, due time.Time) bool {
	if d := time.Until(due); d > 0 {
		timer.Reset(d)
		select {
		case <-timer.C:
		case <-q.line.done:
			return false
		}
	}
	return q.line.gate.pass(q.line.done)
}
