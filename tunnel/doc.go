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
package tunnel
