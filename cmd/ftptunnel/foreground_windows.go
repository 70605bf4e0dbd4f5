package main

import "os"

// foreground reports whether a console is ours to move the cursor of. There is
// no background.
func foreground(*os.File) bool { return true }

// notifyResumed has ch told when the process goes on after it was stopped,
// which nothing here does.
func notifyResumed(chan<- os.Signal) {}
