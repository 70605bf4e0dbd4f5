package main

import "testing"

// TestUnknownName holds the words of gai_strerror(3) of glibc, musl and macOS
// against those of a connection that failed.
func TestUnknownName(t *testing.T) {
	for text, want := range map[string]bool{
		"Name or service not known":                    true,
		"name or service not known":                    true, // by a master
		"No address associated with hostname":          true,
		"no address associated with hostname":          true,
		"Temporary failure in name resolution":         true,
		"Name does not resolve":                        true,
		"nodename nor servname provided, or not known": true,
		"lookup ftp.internal: no such host":            true,
		"Connection refused":                           false,
		"Connection timed out":                         false,
		"No route to host":                             false,
		"open failed: administratively prohibited":     false,
		"":                                     false,
		"Error connecting: Connection refused": false,
	} {
		if got := unknownName(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
