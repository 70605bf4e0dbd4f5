package sshconn

import "syscall"

// control: Windows ignores the type of service that a program asks for.
func control(*Config) func(network, address string, c syscall.RawConn) error { return nil }
