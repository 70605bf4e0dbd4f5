package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// usage is what -h prints. A test holds it against the options.
const usage = `Usage:
    ftptunnel [options] destination [target]
    ftptunnel [options] destination [target] -- command [arg...]
    ftptunnel --check [options] destination [target]
    ftptunnel --demo [-- command [arg...]]

Forwards FTP over SSH, control and data connections alike, in every mode.

destination is what ssh(1) takes: a Host of ssh_config, [user@]host or
ssh://[user@]host[:port]. target is the FTP server as seen from there,
host[:port], localhost:21 unless given; an IPv6 address stands in brackets.

Prints ftp://127.0.0.1:2121 when ready: point any FTP client there. With a
command, runs it when ready and ends with its exit status. In its arguments
{addr}, {host}, {port} and {url} are replaced, as 127.0.0.1:40123, 127.0.0.1,
40123 and ftp://127.0.0.1:40123; FTPTUNNEL_ADDR, _HOST, _PORT and _URL say the
same in its environment.

What is forwarded:
    -L [bind:]port:host:hostport  A forward, instead of target.
    -R [bind:]port:host:hostport  A forward turned round: clients arrive at the
                                  SSH server, host is seen from here.
    -D [bind:]port                A proxy: clients name the FTP server, as in
                                  USER name@host[:port].
                                  These three can be repeated and mixed; a
                                  command gets the first.
    --listen [host:]port          Where clients of target arrive. Default
                                  localhost:2121, every loopback address; with
                                  a command any free port, as port 0 is.

How SSH connects, as in ssh(1):
    -l user       Log in as user.
    -p port       The SSH server's port.
    -i file       Use this key. Can be repeated.
    -J hosts      Go through these jump hosts.
    -F file       Read this instead of ~/.ssh/config.
    -o key=value  An ssh_config line. Can be repeated.
    -b address    Connect from this address.
    -4, -6        IPv4 only, IPv6 only.
    -N            Execute nothing on the server. Otherwise exit 0 is executed
                  once on an OpenSSH before 10.1, which is slow until then.
    -G            Print what destination is resolved to, as ssh -G does.
    --batch       Never ask for anything.
    -f            Go into the background when ready, after all questions. Not
                  with a command.
    --engine who  Who speaks SSH: native, ftptunnel itself; openssh, an ssh that
                  it runs, for what it cannot do (GSSAPI, PKCS#11, hardware
                  keys, Compression, host-based login); auto (default): itself,
                  or the live master that ControlPath names.

How data connections are made:
    --server-mode mode        On the server's side: client as the client does,
                              passive, active, or auto (default): as the client
                              does, and the other way where that cannot work or
                              takes longer.
    --active-address address  With --server-mode active: where the FTP server
                              reaches what the SSH server listens on. Default
                              loopback.
    --data-host which         The host that a 227's port is dialled on: control
                              (default), the control connection's, or reply,
                              the one in the reply.
    --prefetch                Ask for the next passive address ahead of the
                              client, once it has used one: with many small
                              files a round trip less each, where that is long.
    --fxp                     Permit data connections to third hosts.
    --tls what                AUTH TLS: refuse it (default), so that clients go
                              on without, or pass it on. What follows cannot be
                              read: login and commands work, but no listing and
                              no transfer.

What is told, on standard error; on a terminal and without a command, the
transfers that run are shown there, too:
    -q                   Errors only, and no transfers that run.
    -v, -vv              Sessions and transfers; the dialogue, too, before and
                         after rewriting, without passwords.
    --log-format format  text (default) or json, one object a line.
    -E file              Append it to file instead.
    --transfer-log file  Append an object to file for each transfer: what, how
                         much, how it ended, SHA-256. SIGHUP reopens it.

    --check             Test every hop, from ssh_config to a data connection in
                        each mode, and report on standard output: a line for
                        each, ok, fail or not tested, with a remedy under each
                        fail.
    --demo              Show it all with an SSH server and an FTP server of its
                        own; with a command, run that against them.
    --completion shell  Print a completion script for bash, zsh or fish.
    -V                  Print the version.
    -h                  Print this.

Exit status: the command's own, 128+n if signal n ended it, 126 and 127 if it
cannot be run or found; 0 stopped on request; 1 a hop of --check or the demo
failed; 2 usage; 255 the tunnel could not be set up or was lost, or a transfer
was cut.

Examples:
    $ ftptunnel files
    $ ftptunnel --check files
    $ ftptunnel -J gate me@files ftp.internal:21
    $ ftptunnel -L 2121:ftp1:21 -L 2122:ftp2:21 gate
    $ ftptunnel -D 2121 gate
    $ ftptunnel files -- curl -sS {url}/pub/list.txt
    $ ftptunnel --batch files -- lftp -c 'open -p {port} {host}; mirror pub'
`

// version is set when a release is linked.
var version string

// versionText returns what -V prints.
func versionText() string {
	v := version
	if info, ok := debug.ReadBuildInfo(); ok && v == "" {
		v = info.Main.Version
	}
	if v == "" {
		v = "(devel)"
	}
	return fmt.Sprintf("ftptunnel %s %s %s/%s\n", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
