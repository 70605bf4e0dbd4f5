package main

import (
	"time"

	"ftptunnel/tunnel"
)

// meter follows a transfer: what it is, and how fast it has been of late.
type meter struct {
	tunnel.Running
	readings []reading // the oldest first, at least two after read
}

// reading is how far a transfer had come at a moment.
type reading struct {
	at    time.Time
	bytes int64
}

// meterWindow is how far back the rate looks, so that it is steady enough to be
// read and the time left does not jump.
const meterWindow = 5 * time.Second

func newMeter(r tunnel.Running) *meter { return &meter{readings: []reading{{at: r.Began}}} }

// read takes the state of the transfer at a moment.
func (m *meter) read(r tunnel.Running, now time.Time) {
	m.Running = r
	m.readings = append(m.readings, reading{now, r.Bytes})
	for len(m.readings) > 2 && now.Sub(m.readings[1].at) >= meterWindow {
		m.readings = m.readings[1:]
	}
}

// rate is how many bytes a second have passed of late.
func (m *meter) rate() float64 {
	first, last := m.readings[0], m.readings[len(m.readings)-1]
	elapsed := last.at.Sub(first.at).Seconds()
	if elapsed <= 0 {
		return 0
	}
	return float64(last.bytes-first.bytes) / elapsed
}

// stalled reports whether nothing has passed for the whole window.
func (m *meter) stalled() bool {
	first, last := m.readings[0], m.readings[len(m.readings)-1]
	return last.bytes == first.bytes && last.at.Sub(first.at) >= meterWindow
}

// total is the transfer's size, 0 if it is not known: more bytes than were told
// show that what was told was wrong.
func (m *meter) total() int64 {
	if m.Bytes > m.Size {
		return 0
	}
	return m.Size
}

// left is how long the rest will take at this rate.
func (m *meter) left() (time.Duration, bool) {
	rate := m.rate()
	if m.total() == 0 || rate <= 0 {
		return 0, false
	}
	seconds := float64(m.Size-m.Bytes) / rate
	if seconds >= longestLeft.Seconds() {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// longestLeft is the first time that is too long to be told.
const longestLeft = 100 * time.Hour
