// Package daemons starts real SSH servers and FTP servers for tests: OpenSSH's
// sshd, Dropbear, vsftpd, ProFTPD, Pure-FTPd, pyftpdlib and inetutils-ftpd.
//
// Each is a child of the test, in the foreground, on a high port of a loopback
// address, with its files in a temporary folder. A launcher returns when the
// daemon has answered with its greeting, and the daemon ends with the test,
// along with every process that it forked. A program that is missing, or that
// this user cannot run, skips the test with its name; with FTPTUNNEL_REAL=1 in
// the environment it fails the test instead.
//
// install.sh fetches the programs. The package knows neither the clients
// (package clients does) nor the tunnel.
package daemons
