// Bench measures ftptunnel against its peers: direct FTP, ssh -L with a static
// forward of a fixed passive port, and ssh -D with curl as a SOCKS client.
//
// All of them run in one go over the same sshd and vsftpd, in turn (A B A B),
// on loopback and over links that delay packets (package netlab), so that
// handshakes cost what they cost in the world. It prints medians, minima and
// maxima, the processor time and memory of the program under test, and ratios
// with the goal beside each.
//
//	go run ./testenv/bench                        everything, five runs each
//	go run ./testenv/bench -quick                 a look, in a minute or two
//	go run ./testenv/bench -case bulk,small -link 100ms -runs 9
//	go run ./testenv/bench -docs docs/performance.md -benchfmt bench.txt
//
// It needs Linux, root, and the programs that it compares. It measures only
// what a user sees: whole programs, by the client's own clock.
package main
