//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"ftptunnel/testenv"
)

// soakShort is how long the soak takes without FTPTUNNEL_SOAK, which is another
// time (30m) or a number of transfers (100000x).
const soakShort = 12 * time.Second

// soakRate is how many transfers are begun a second. Each leaves four ports of
// this machine in TIME_WAIT for a minute, and it has 28,000.
const soakRate = 64

// soakSlow is the pace of a transfer in every other round, in bytes a second.
const soakSlow = 2_000_000

// soakEnd returns when the soak is over: it is asked with the number of
// transfers that were made.
func soakEnd(t *testing.T) func(transfers int64) bool {
	asked := os.Getenv("FTPTUNNEL_SOAK")
	if number, ok := strings.CutSuffix(asked, "x"); ok {
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return func(transfers int64) bool { return transfers >= n }
	}
	length := soakShort
	if asked != "" {
		var err error
		if length, err = time.ParseDuration(asked); err != nil {
			t.Fatal(err)
		}
	}
	until := time.Now().Add(length)
	return func(int64) bool { return !time.Now().Before(until) }
}

// soak is a tunnel under way with clients and faults.
type soak struct {
	*scene
	t    *testing.T
	run  *running
	over func(int64) bool
	pace *rate.Limiter // of transfers

	calm      sync.RWMutex // held by each transfer for reading, and to look at rest
	epoch     atomic.Int64 // odd while something is broken
	transfers atomic.Int64
	uploads   atomic.Int64
	broken    atomic.Int64 // by a fault
	samples   []sample
}

// sample is what the process holds when nobody is at work.
type sample struct {
	at                time.Duration
	transfers         int64
	files, goroutines int
	heap, rss         int64 // bytes: what is in use of the heap, and VmRSS
}

// Transfers in mixed modes with faults among them: every hash is right or an
// error was seen, and nothing grows.
func TestSoak(t *testing.T) {
	s := &soak{scene: newScene(t), t: t, over: soakEnd(t), pace: rate.NewLimiter(soakRate, soakRate)}
	s.run = start(t, false, s.args()...)
	s.run.log.forgetful(100)
	for i := range 8 {
		s.tree.PutSynthetic(fmt.Sprint("soak", i), int64(i*i*20_000), uint64(i))
	}
	begun := time.Now()
	s.round() // buffers and pools come to their size before the first look
	s.look(begun)
	for !s.over(s.transfers.Load()) && !t.Failed() {
		s.round()
		s.look(begun)
	}
	s.judge()
}

// round has clients at work and breaks things while they are. Every other
// round's transfers take their time, so that what breaks finds some under way.
func (s *soak) round() {
	const workers, each = 8, 12
	s.ftp.SetFaults(testenv.Faults{Rate: int64(len(s.samples)%2) * soakSlow})
	var wg, faults sync.WaitGroup
	stop := make(chan struct{})
	for range workers {
		wg.Go(func() {
			for range each {
				if err := s.pace.Wait(s.t.Context()); err != nil {
					s.t.Error(err)
				}
				s.transfer()
			}
		})
	}
	faults.Go(func() { s.breakThings(stop) })
	wg.Wait()
	close(stop)
	faults.Wait()
}

// breakThings breaks one thing every half second and waits until clients are
// served again.
func (s *soak) breakThings(stop <-chan struct{}) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		s.epoch.Add(1)
		[]func(){s.ssh.Drop, s.ftp.Drop, s.ftp.DropData, s.link.Cut, s.leave}[rand.IntN(5)]()
		if !eventually(func() bool { return s.try(demoModes[0], "soak1") == nil }) {
			s.t.Error("nobody is served after a fault")
		}
		s.epoch.Add(1)
	}
}

// leave is a client that goes in the middle of a transfer.
func (s *soak) leave() {
	w, err := enter(s.run.addr)
	if err != nil {
		return
	}
	defer w.conn.Close()
	data, done, err := w.begin(modes[rand.IntN(len(modes))], "RETR "+bigFile)
	if err != nil {
		return
	}
	_, _ = data.Read(make([]byte, 1000))
	_ = data.SetLinger(0)
	done()
}

// transfer makes one transfer of a random kind. It may fail only if something
// was broken meanwhile.
func (s *soak) transfer() {
	s.calm.RLock()
	defer s.calm.RUnlock()
	before := s.epoch.Load()
	mode, name := modes[rand.IntN(len(modes))], fmt.Sprint("soak", rand.IntN(8))
	begun := time.Now()
	err := s.try(mode, name)
	s.transfers.Add(1)
	after := s.epoch.Load()
	if took := time.Since(begun); took > hangLimit {
		s.t.Errorf("%s %s hung for %v and ended with %v", mode, name, took, err)
	}
	switch {
	case err == nil:
	case strings.Contains(err.Error(), "LIE"), before == after && before%2 == 0:
		s.t.Errorf("%s %s: %v", mode, name, err)
	default:
		s.broken.Add(1)
	}
}

// try gets or puts a file by a session of its own. The error says LIE if the
// client was told of success and it was none.
func (s *soak) try(mode, name string) error {
	w, err := enter(s.run.addr)
	if err != nil {
		return err
	}
	defer w.conn.Close()
	w.limit(testTimeout)
	switch rand.IntN(4) {
	case 0:
		return s.upload(w, mode)
	case 1:
		data, done, err := w.begin(mode, "NLST up")
		if err != nil {
			return err
		}
		defer done()
		seen, err := w.receive(data, strike{})
		if err == nil && !strings.HasPrefix(seen.reply, "226") {
			err = fmt.Errorf("NLST: %v %q", seen, seen.reply)
		}
		return err
	}
	got, err := w.fetch(mode, name)
	if err == nil && got != s.tree.SHA256(name) {
		err = fmt.Errorf("LIE: another hash")
	}
	return err
}

func (s *soak) upload(w *witness, mode string) error {
	content := synthetic(rand.IntN(300_000) + 1)
	name := fmt.Sprint("up/", s.uploads.Add(1))
	err := w.store(mode, name, bytes.NewReader(content))
	if got, _ := s.tree.Get(name); err == nil && !bytes.Equal(got, content) {
		err = fmt.Errorf("LIE: %d bytes were stored of %d", len(got), len(content))
	}
	if err == nil {
		_, err = w.ask("DELE " + name)
	}
	return err
}

// look takes a sample at rest: no transfer runs, the SSH connection is a fresh
// one, without forwards that are kept for later.
func (s *soak) look(begun time.Time) {
	s.calm.Lock()
	defer s.calm.Unlock()
	s.ssh.Drop()
	if !eventually(func() bool { return s.try("EPSV", "soak2") == nil }) {
		s.t.Error("nobody is served")
	}
	if err := s.gone(); err != nil {
		s.t.Error(err)
	}
	for _, name := range s.tree.Names() { // what faults have left
		if strings.HasPrefix(name, "/up/") {
			s.tree.Remove(name)
		}
	}
	// What has just ended is still being taken down.
	now := sample{files: 1 << 30, goroutines: 1 << 30}
	for range 20 {
		runtime.GC()
		now.files, now.goroutines = min(now.files, openFiles()), min(now.goroutines, runtime.NumGoroutine())
		runtime.Gosched()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	now.at, now.transfers, now.heap, now.rss = time.Since(begun), s.transfers.Load(), int64(m.HeapAlloc), residentBytes()
	s.samples = append(s.samples, now)
}

func openFiles() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

// residentBytes is VmRSS.
func residentBytes() int64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	return 0
}

// settled is the median of the samples' second quarter, for the first fills
// buffers and pools, and that of the last.
func (s *soak) settled(of func(sample) int64) (before, after int64) {
	median := func(part []sample) int64 {
		var all []int64
		for _, p := range part {
			all = append(all, of(p))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	n := len(s.samples)
	return median(s.samples[n/4 : n/2+1]), median(s.samples[n-n/4-1:])
}

// slope is the growth by least squares, per 1,000 transfers.
func (s *soak) slope(of func(sample) float64) float64 {
	var n, x, y, xx, xy float64
	for _, p := range s.samples {
		px, py := float64(p.transfers)/1000, of(p)
		n, x, y, xx, xy = n+1, x+px, y+py, xx+px*px, xy+px*py
	}
	if d := n*xx - x*x; d != 0 {
		return (n*xy - x*y) / d
	}
	return 0
}

// judge prints the slopes, and fails if something has grown that must not.
func (s *soak) judge() {
	first, last := s.samples[0], s.samples[len(s.samples)-1]
	s.t.Logf("%d transfers, %d cut by faults, in %v", last.transfers, s.broken.Load(), last.at.Round(time.Second))
	s.t.Logf("descriptors %d to %d, %+.3f per 1,000 transfers", first.files, last.files, s.slope(func(p sample) float64 { return float64(p.files) }))
	s.t.Logf("goroutines %d to %d, %+.3f per 1,000 transfers", first.goroutines, last.goroutines, s.slope(func(p sample) float64 { return float64(p.goroutines) }))
	for _, memory := range []struct {
		name string
		of   func(sample) int64
	}{
		{"heap in use", func(p sample) int64 { return p.heap }},
		{"RSS", func(p sample) int64 { return p.rss }},
	} {
		before, after := s.settled(memory.of)
		slope := s.slope(func(p sample) float64 { return float64(memory.of(p)) / 1e6 })
		s.t.Logf("%s %.1f MB at first; median of the second quarter %.2f, of the last %.2f MB; %+.3f MB per 1,000 transfers",
			memory.name, float64(memory.of(first))/1e6, float64(before)/1e6, float64(after)/1e6, slope)
		permitted := before + before/10 + 500_000 // over half of the transfers
		if len(s.samples) < 100 {                 // so few say little
			permitted = before*3/2 + 64<<20
		}
		if after > permitted {
			s.t.Errorf("%s has grown from %d to %d bytes", memory.name, before, after)
		}
	}
	const slack = 12
	if last.files > first.files+slack {
		s.t.Errorf("descriptors have grown from %d to %d", first.files, last.files)
	}
	if last.goroutines > first.goroutines+slack {
		buf := make([]byte, 1<<20)
		s.t.Errorf("goroutines have grown from %d to %d:\n%s", first.goroutines, last.goroutines, buf[:runtime.Stack(buf, true)])
	}
}

// Many idle sessions, and as many transfers at once beside them.
func TestSoakScale(t *testing.T) {
	idle, busy := 100, 30
	if fullForm("SOAK") {
		idle, busy = 1000, 200
	}
	s := newScene(t)
	// Two forwards, for one serves no more than 1,000 sessions.
	target := s.ftp.Addr()
	args := s.args("-L", "127.0.0.1:0:"+target, "-L", "127.0.0.1:0:"+target)
	args = args[:len(args)-1]
	for i, a := range args {
		if a == "--listen" {
			args = append(args[:i], args[i+2:]...)
			break
		}
	}
	run := start(t, false, args...)
	second := run.nextAddr()
	var resting []*witness
	defer func() {
		for _, w := range resting {
			w.conn.Close()
		}
	}()
	for range idle {
		w, err := enter(run.addr)
		if err != nil {
			t.Fatalf("session %d: %v", len(resting)+1, err)
		}
		resting = append(resting, w)
	}
	s.tree.PutSynthetic("scale", 2_000_000, 7)
	s.ftp.SetFaults(testenv.Faults{Rate: 1_000_000}) // so that all run at once
	begun, want := time.Now(), s.tree.SHA256("scale")
	var all sync.WaitGroup
	for i := range busy {
		all.Go(func() {
			w, err := enter(second)
			if err != nil {
				t.Error(err)
				return
			}
			defer w.conn.Close()
			got, err := w.fetch(modes[i%len(modes)], "scale")
			if err != nil || got != want {
				t.Errorf("transfer %d: hash %s, %v", i, got, err)
			}
		})
	}
	all.Wait()
	took := time.Since(begun)
	for i, w := range resting {
		w.limit(testTimeout)
		if err := answered(w, "NOOP", "200"); err != nil {
			t.Fatalf("idle session %d: %v", i, err)
		}
	}
	t.Logf("%d idle sessions, %d transfers of 2 MB at once in %v, RSS of all %.0f MB", idle, busy, took.Round(time.Millisecond), float64(residentBytes())/1e6)
}
