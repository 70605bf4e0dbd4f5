package testenv

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// copy moves bytes from src to dst until src ends, at the rate and up to the
// cut that were ordered.
func (t *transfer) copy(ctx context.Context, dst io.Writer, src io.Reader) error {
	begun := time.Now()
	buf := bulkPool.Get().(*[bulkBuffer]byte)
	defer bulkPool.Put(buf)
	for {
		n, err := t.step(dst, src, buf[:t.room()])
		t.count(n)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if t.faults.CutAfter > 0 && t.total >= t.faults.CutAfter {
			if t.faults.Cut == CutStall {
				<-ctx.Done()
			}
			return errCut
		}
		if !t.pace(ctx, begun) || !t.session.server.gate.pass(ctx.Done()) {
			return ctx.Err()
		}
	}
}

// step moves one buffer, or of a file to a TCP connection, which the kernel
// can do alone, some more.
func (t *transfer) step(dst io.Writer, src io.Reader, buf []byte) (int64, error) {
	const fileStep = 4 << 20
	conn, tcp := dst.(*gatedConn)
	if file, ok := src.(*os.File); ok && tcp && len(buf) == bulkBuffer {
		n, err := conn.TCPConn.ReadFrom(io.LimitReader(file, fileStep))
		if n == 0 && err == nil {
			err = io.EOF
		}
		return n, err
	}
	n, err := src.Read(buf)
	if n > 0 {
		if n, err := dst.Write(buf[:n]); err != nil {
			return int64(n), err
		}
	}
	return int64(n), err
}

// room is how many bytes the next step may move.
func (t *transfer) room() int64 {
	room := int64(bulkBuffer)
	if t.faults.Rate > 0 {
		const steps = 20 // a second
		room = max(1, min(room, t.faults.Rate/steps))
	}
	if t.faults.CutAfter > 0 {
		room = min(room, t.faults.CutAfter-t.total)
	}
	return room
}

func (t *transfer) count(n int64) {
	t.total += n
	t.session.server.counts.add(func(c *FTPCounts) {
		if t.from != nil {
			c.Sent += n
		} else {
			c.Received += n
		}
	})
}

// pace waits until what was moved fits the rate, or says false when ctx is
// done.
func (t *transfer) pace(ctx context.Context, begun time.Time) bool {
	if t.faults.Rate <= 0 {
		return ctx.Err() == nil
	}
	due := begun.Add(time.Duration(float64(t.total) / float64(t.faults.Rate) * float64(time.Second)))
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
