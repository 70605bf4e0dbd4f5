// Package sshconn connects to an SSH server as ssh(1) would: with the
// configuration of ssh_config(5), the agent, the keys, the known_hosts files
// and the jump hosts that `ssh destination` uses. Once connected it is a
// network that can be dialled into (direct-tcpip) and listened on
// (tcpip-forward), RFC 4254 section 7.
//
// It exists beside golang.org/x/crypto/ssh because that package speaks the
// protocol and leaves ssh's policies to its caller, and because a program that
// carries files must tell a peer's end of file from a lost connection, which
// x/crypto reports alike: connections of a [Client] return io.EOF for the
// former and [*LostError] for the latter.
//
// How it fits together, in the order in which a connection comes to be:
//
//   - [Resolve] makes a [Config] of a destination and [Options]. The settings
//     come from ssh -G (sshg.go) or, without an ssh binary, from the files
//     (reader.go); build.go makes typed fields of them.
//   - A [Client] rides one carrier at a time (carrier.go): a connection of our
//     own or an OpenSSH master (master.go). It makes one when it is used, and
//     another when that was lost (attempt.go).
//   - A connection of our own is made host by host (establish.go). With each
//     there is a handshake (handshake.go), which asks for a verdict on the host
//     key (hostkey.go) and for the methods of the login (auth.go).
//   - [Client.DialContext] opens a channel (direct.go), [Client.Listen] takes a
//     remote forward from a pool (askforward.go, forward.go). What both yield is
//     a [Conn], over a transport that knows why it has ended (transport.go) and
//     with a window that grows as it is needed (window.go).
//
// It knows nothing of FTP, flags, terminals or logs. It reads no environment
// variable but through [Options.Env], asks the user through a [Prompter] and
// reports what happens as an [Event].
package sshconn
