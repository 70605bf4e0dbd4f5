//go:build !linux

package main

// hideMemory does nothing: only Linux has a switch for it that needs no
// privilege.
func hideMemory() {}
