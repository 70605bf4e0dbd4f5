package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// portThief connects to every port that it reads from standard input, as soon
// as it can and several times, and writes how many bytes it has got there, or
// delivered without being refused. The tests run it as another user.
func portThief() int {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		fmt.Println(steal(in.Text()))
	}
	return 0
}

// steal takes what it can from an address.
func steal(addr string) (got int64) {
	const tries = 3
	for range tries {
		c, err := net.DialTimeout("tcp", addr, 10*time.Second)
		if err != nil {
			continue // it is closed already
		}
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		n, err := io.Copy(io.Discard, c)
		got += n
		if err == nil {
			got++ // an end of file: it was served
		}
		c.Close()
	}
	return got
}
