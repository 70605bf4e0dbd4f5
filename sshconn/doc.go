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
// It knows nothing of FTP, flags, terminals or logs. It reads no environment
// variable but through [Options.Env], asks the user through a [Prompter] and
// reports what happens as an [Event].
package sshconn
