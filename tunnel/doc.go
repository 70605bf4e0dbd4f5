// Package tunnel carries FTP between two sides.
//
// A side is a network that can be dialled into and listened on: this machine,
// or the network that an SSH server stands in. FTP clients arrive on one side,
// the FTP server is reached through the other, and for every data connection
// that their dialogue announces (package ftpinspect reads it) the tunnel opens
// the listeners and dials the ends that it takes to carry it, too.
//
// Nothing here asks which side is SSH: with two plain sides it is an FTP
// proxy. It knows no flags, no terminal and no log format: what happens is
// reported as events.
//
// How it fits together:
//
//   - A [Tunnel] has two sides and a target. [Tunnel.Serve] admits clients and
//     gives each a session (serve.go, session.go).
//   - One goroutine owns a session, and with it the [ftpinspect.Session] that
//     decides. What waits for somebody (reads, dials, listeners, relays) is a
//     goroutine of its own and posts what it has found out to the session's
//     inbox. So the state of a session needs no lock, and the session waits for
//     nobody.
//   - control.go makes lines of what the two control connections bring,
//     effects.go does what the inspector says of them.
//   - A dataConn is a data connection that was announced (dataconn.go); its two
//     ends listen or dial (end.go). One connection of each is a pair, which two
//     flows relay (pair.go, relay.go), and outcome.go says how that has ended.
//   - transfer.go puts together what is known of a transfer, for the events, for
//     [Tunnel.Running] and for [Tunnel.Cut].
package tunnel
