package main

import "golang.org/x/sys/unix"

// hideMemory keeps other processes of the same user from reading this one's
// memory, and a crash from writing it to a core file. It is called once a
// secret was typed. An old kernel's refusal changes nothing else.
func hideMemory() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
