//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"time"

	"ftptunnel/tunnel"
)

// limitAttacks want to use something up.
var limitAttacks = []attack{
	{"too many sessions", "421 Too many connections", (*assault).sessions},
	{"too many a second", "421 Too many connections", (*assault).flood},
	{"slow login", "slow-loris", (*assault).slowLoris},
	{"line without end", "4,096 bytes", (*assault).hugeLine},
	{"commands without end", "pipelined, nothing is read", (*assault).deafClient},
	{"data connections without end", "SSH channels", (*assault).channels},
}

// local runs a tunnel with the limits between this machine and itself.
func (a *assault) local(l tunnel.Limits) (addr string, stop func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		a.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	t := &tunnel.Tunnel{Target: a.ftp.Addr(), Limits: l}
	go func() { ended <- t.Serve(ctx, listener) }()
	a.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			a.t.Error(err)
		}
	})
	return listener.Addr().String(), cancel
}

// sessions takes every session there is: the next is told so, and served when
// one has ended.
func (a *assault) sessions() error {
	most := 30
	if fullForm("ATTACKS") {
		most = 1000
	}
	addr, _ := a.local(tunnel.Limits{Sessions: most})
	var all []*witness
	defer func() {
		for _, w := range all {
			w.conn.Close()
		}
	}()
	for range most {
		w, err := meet(addr)
		if err != nil {
			return fmt.Errorf("session %d: %w", len(all)+1, err)
		}
		all = append(all, w)
	}
	for range 100 { // more than are turned away at once
		if err := turnedAway(addr); err != nil {
			return err
		}
	}
	all[0].conn.Close()
	if !eventually(func() bool {
		w, err := meet(addr)
		if w != nil {
			w.conn.Close()
		}
		return err == nil
	}) {
		return fmt.Errorf("nobody is served although a session has ended")
	}
	return nil
}

// turnedAway connects as one too many.
func turnedAway(addr string) error {
	c, err := net.DialTimeout("tcp", addr, testTimeout)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(testTimeout))
	got, err := io.ReadAll(c)
	if err != nil || string(got) != "421 Too many connections.\r\n" {
		return fmt.Errorf("one too many was told %q, %v", got, err)
	}
	return nil
}

// flood connects and leaves, again and again: the FTP server is spared all but
// the first, and others are served a moment later.
func (a *assault) flood() error {
	const burst = 20
	addr, _ := a.local(tunnel.Limits{Rate: 1, Burst: burst})
	served := func() bool {
		w, err := meet(addr)
		if err == nil {
			w.conn.Close()
		}
		return err == nil
	}
	turnedAway := 0
	for i := range burst + 100 {
		switch ok := served(); {
		case !ok && i < burst:
			return fmt.Errorf("number %d is not served", i+1)
		case !ok:
			turnedAway++
		}
	}
	if turnedAway < 50 {
		return fmt.Errorf("%d of 100 were turned away", turnedAway)
	}
	if !eventually(served) {
		return fmt.Errorf("nobody is served afterwards")
	}
	return nil
}

// slowLoris sends a byte now and then, and never logs in.
func (a *assault) slowLoris() error {
	addr, _ := a.local(tunnel.Limits{Login: 500 * time.Millisecond, Linger: 500 * time.Millisecond})
	w, err := meet(addr)
	if err != nil {
		return err
	}
	defer w.conn.Close()
	drip := time.NewTicker(20 * time.Millisecond)
	defer drip.Stop()
	heard := make(chan error, 1)
	go func() {
		err := w.expect("421")
		if err == nil {
			if _, err = w.reply(); ending(err) == endFIN || ending(err) == endRST {
				err = nil
			}
		}
		heard <- err
	}()
	for {
		select {
		case <-drip.C:
			_, _ = w.conn.Write([]byte("U"))
		case err := <-heard:
			return err
		}
	}
}

// hugeLine sends 64 MiB without a line end. It is answered once, and not kept.
func (a *assault) hugeLine() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	before := heap()
	junk := bytes.Repeat([]byte("x"), 1<<20)
	for range 64 {
		if _, err := w.conn.Write(junk); err != nil {
			return err
		}
	}
	if grown := heap() - before; grown > 32<<20 {
		return fmt.Errorf("the heap has grown by %d bytes", grown)
	}
	if err := answered(w, "", "500"); err != nil {
		return err
	}
	for _, c := range a.commands() {
		if len(c) > 4096 {
			return fmt.Errorf("the server has seen a line of %d bytes", len(c))
		}
	}
	return a.well(w)
}

// heap is what is allocated now, of which much is shared with other rows.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// deafClient sends commands as long as that is possible and reads no reply:
// both directions come to rest and others are served.
func (a *assault) deafClient() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	_ = w.conn.SetReadBuffer(4096)
	line := []byte(strings.Repeat("HELP\r\n", 10_000))
	sent := 0
	for sent < 1<<30 {
		_ = w.conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
		n, err := w.conn.Write(line)
		sent += n
		if err != nil {
			break
		}
	}
	if sent >= 1<<30 {
		return fmt.Errorf("the tunnel has taken %d bytes of commands whose replies nobody reads", sent)
	}
	other, err := a.enter()
	if err != nil {
		return err
	}
	return a.well(other)
}

// channels makes data connections and uses none, as fast as it can.
func (a *assault) channels() error {
	w, err := a.enter()
	if err != nil {
		return err
	}
	var kept []net.Conn
	defer func() {
		for _, c := range kept {
			c.Close()
		}
	}()
	for i := range 300 {
		line, err := w.ask([]string{"PASV", "EPSV"}[i%2])
		if err != nil {
			return err
		}
		addr, err := passiveAddress(w.conn.RemoteAddr(), line)
		if err != nil {
			return err
		}
		c, err := net.DialTimeout("tcp", addr, testTimeout)
		if err != nil {
			return err
		}
		kept = append(kept, c)
	}
	for i, c := range kept[:len(kept)-1] {
		_ = c.SetReadDeadline(time.Now().Add(testTimeout))
		if n, err := c.Read(make([]byte, 1)); n > 0 || ending(err) == endHang {
			return fmt.Errorf("data connection %d of %d lives on", i, len(kept))
		}
	}
	return a.well(w)
}
