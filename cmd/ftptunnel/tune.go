package main

import (
	"runtime"
	"runtime/debug"
)

// The garbage collector by default runs at every doubling of a small heap,
// which costs a transfer several per cent of its rate. The floor counts as live
// but is never touched, and so takes no memory: the heap comes to 40 MiB before
// the collector runs, 8 of them the floor's, and to five times what else is live
// beyond that. The limit keeps the larger target from mattering on a small
// machine; a heap that grows to it by what is live is collected more often again.
const (
	gcPercent   = 400
	floorSize   = 8 << 20   // bytes
	memoryLimit = 512 << 20 // bytes
)

// tune fits the runtime to what this program does, but for what the user has
// set. The floor of the heap, if there is one, is the caller's to keep alive.
func tune(getenv func(string) string) (floor []byte) {
	if getenv("GOGC") == "" && getenv("GOMEMLIMIT") == "" {
		floor = make([]byte, floorSize)
		debug.SetGCPercent(gcPercent)
		debug.SetMemoryLimit(memoryLimit)
	}
	if getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(processors(runtime.GOMAXPROCS(0)))
	}
	return floor
}

// processors is on how many of those that there are the program's goroutines
// run at once: half. The other ends of what it carries, the client and often
// the servers, want the rest. Three goroutines hand each packet on, and where
// each wakes on a processor of its own a download costs half as much again in
// processor time (1.8 against 1.3 s/GB on two), and is no faster.
func processors(there int) int { return max(1, there/2) }
