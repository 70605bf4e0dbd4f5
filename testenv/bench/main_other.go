//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: the hosts and links are network namespaces, which only Linux has")
	os.Exit(1)
}
