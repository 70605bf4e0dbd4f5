// Package testenv is a small network to try an FTP tunnel in: an SSH server,
// an FTP server and a slow line, all inside the process.
//
// [SSHServer] and [FTPServer] are complete enough for the usual programs to
// work with them (ssh, lftp, curl, ncftp, tnftp, wget), and they misbehave to
// order: they refuse, answer oddly, stall, cut and reset, and every such
// switch can be turned while they run. [DelayLine] is a TCP proxy that adds
// latency, limits the rate, stalls and resets.
//
// They serve tests, benchmarks and a demonstration without any set-up. They
// listen on loopback, keep no logs and are not meant to face a network: logins
// are not rate-limited and secrets are compared plainly.
//
// Everything here is safe for concurrent use. Each Close returns when every
// goroutine and every connection that the server started has ended.
package testenv
