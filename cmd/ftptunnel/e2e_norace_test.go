//go:build !race

package main_test

// withRace says that the tests are built with the race detector, and so should
// be what they run.
const withRace = false
