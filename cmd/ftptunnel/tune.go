package main

import "runtime/debug"

// The garbage collector by default runs at every doubling of a small heap,
// which costs a transfer several per cent of its rate. The limit keeps the
// larger target from mattering on a small machine; a heap that grows to it by
// what is live is collected more often again.
const (
	gcPercent   = 400
	memoryLimit = 512 << 20 // bytes
)

// tuneGC sets the collector's target unless the user has set one.
func tuneGC(getenv func(string) string) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memoryLimit)
}
