package main

import "testing"

func TestProcessors(t *testing.T) {
	for there, want := range map[int]int{1: 1, 2: 1, 3: 1, 4: 2, 16: 8} {
		if got := processors(there); got != want {
			t.Errorf("of %d: %d, want %d", there, got, want)
		}
	}
}
