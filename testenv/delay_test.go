package testenv

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func startLine(t *testing.T, target string, delay time.Duration, rate int64) *DelayLine {
	t.Helper()
	d, err := NewDelayLine(target, delay, rate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func through(t *testing.T, d *DelayLine) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", d.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// TestDelay is that latency costs time once, not per chunk.
func TestDelay(t *testing.T) {
	const delay, size = 60 * time.Millisecond, 16 << 20
	c := through(t, startLine(t, echo(t), delay, 0))
	sent := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	begun := time.Now()
	go func() { c.Write(sent); closeWrite(c) }()
	got, err := io.ReadAll(c)
	took := time.Since(begun)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if took < 2*delay || took > 12*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestRate(t *testing.T) {
	const rate = 10 << 20
	c := through(t, startLine(t, echo(t), 0, rate))
	begun := time.Now()
	go func() { c.Write(make([]byte, rate/5)); closeWrite(c) }()
	n, err := io.Copy(io.Discard, c)
	if took := time.Since(begun); err != nil || n != rate/5 || took < 380*time.Millisecond {
		t.Errorf("%d bytes in %v, %v", n, took, err)
	}
}

func TestStallAndResume(t *testing.T) {
	d := startLine(t, echo(t), time.Millisecond, 0)
	c := through(t, d)
	d.Stall()
	io.WriteString(c, "hello")
	closeWrite(c)
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); err == nil {
		t.Fatalf("stalled, but %d bytes", n)
	}
	c.SetReadDeadline(time.Now().Add(20 * time.Second))
	d.Resume()
	if got, err := io.ReadAll(c); err != nil || string(got) != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
	d.Stall() // Close must not wait for a Resume
	io.WriteString(through(t, d), "x")
}

func TestCut(t *testing.T) {
	d := startLine(t, echo(t), 0, 0)
	c := through(t, d)
	io.WriteString(c, "hello")
	for len(d.conns.each()) < 3 { // the listener and both ends, else there is nothing to cut
		runtime.Gosched()
	}
	d.Cut()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after Cut: %v", err)
	}
	c = through(t, d)
	io.WriteString(c, "again")
	closeWrite(c)
	if got, err := io.ReadAll(c); err != nil || string(got) != "again" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestResetPassesLine(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := through(t, startLine(t, l.Addr().String(), time.Millisecond, 0))
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	reset(far)
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("near end sees %v", err)
	}
}

func TestLineToNowhere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c, err := net.Dial("tcp", startLine(t, l.Addr().String(), 0, 0).Addr())
	if err == nil {
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("near end sees %v", err)
	}
}
