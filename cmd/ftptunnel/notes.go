package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"ftptunnel/ftpinspect"
	"ftptunnel/tunnel"
)

// noteWording is how a note about a dialogue is told: text gets the target and
// the detail from the wire.
type noteWording struct {
	level slog.Level
	event string
	text  string // with %[1]s for the target and %[2]q for the detail
	hint  string
}

var noteWordings = map[ftpinspect.NoteKind]noteWording{
	ftpinspect.NoteTLSRequired: {levelWarn, "tls_required",
		"%[1]s demands TLS: %[2]q", "ftptunnel carries plain FTP: the server has to permit plain logins from its own side; for commands alone: --tls pass"},
	ftpinspect.NoteDataHost: {levelInfo, "data_host",
		"%[1]s names the host %[2]q for its data; the control connection's host is used", "if that host is right: --data-host reply"},
	ftpinspect.NoteForeignPort: {levelWarn, "foreign_port",
		"refused a data connection to a third host: %[2]q", "--fxp permits it"},
	ftpinspect.NoteNoActive: {levelWarn, "no_active_address",
		"active mode does not work with %[1]s, which is not on the SSH server's host", "--server-mode auto uses passive mode there; or --server-mode active --active-address ADDRESS, the SSH server's as the FTP server reaches it"},
	ftpinspect.NoteLowPort: {levelWarn, "low_port",
		"refused a data connection to a port below 1024: %[2]q", ""},
	ftpinspect.NoteBridged: {levelInfo, "bridged",
		"bridged: %[2]s", ""},
	ftpinspect.NoteNotFTP: {levelWarn, "not_ftp",
		"%[1]s is not an FTP server, it greets with %[2]q", ""},
	ftpinspect.NoteNotClient: {levelWarn, "not_client",
		"closed a session that is not FTP: %[2]q", ""},
	ftpinspect.NoteTLSClient: {levelWarn, "tls_client",
		"closed a session that begins with TLS: the client speaks FTPS", "in the client ftp:// instead of ftps://, plain FTP instead of implicit TLS; SSH encrypts"},
	ftpinspect.NoteLongLine: {levelWarn, "long_line",
		"refused a command line over 4096 bytes", ""},
	ftpinspect.NoteBadBytes: {levelWarn, "bad_bytes",
		"dropped NUL or a bare CR from a command", ""},
	ftpinspect.NoteUnsolicited: {levelWarn, "unsolicited",
		"%[1]s named an address that nobody asked for, it was dropped: %[2]q", ""},
	ftpinspect.NoteUnparsable: {levelWarn, "unparsable",
		"refused an address that cannot be read: %[2]q", ""},
	ftpinspect.NoteExtraNumbers: {levelInfo, "extra_numbers",
		"%[1]s named an address with more than six numbers: %[2]q", ""},
}

// note words a note.
func (t *teller) note(n tunnel.Note) {
	fields := []any{"detail", n.Detail}
	switch n.Kind {
	case ftpinspect.NoteTLSRefused:
		t.tlsRefused(n.Session, fields)
		return
	case ftpinspect.NoteTLSPassed:
		t.tlsPassed(n.Session, fields)
		return
	}
	w, ok := noteWordings[n.Kind]
	if !ok {
		return
	}
	if w.hint != "" {
		fields = append(fields, fieldHint, w.hint)
	}
	t.say(w.level, w.event, n.Session, fmt.Sprintf(w.text+"%.0[1]s%.0[2]s", t.target(n.Session), n.Detail), fields...)
}

// tlsRefused says, honestly and once, which leg stays in clear.
func (t *teller) tlsRefused(session uint64, fields []any) {
	target := t.target(session)
	if !t.once("tls_refused " + target) {
		return
	}
	if onSSHHost(hostOf(target)) {
		t.say(levelInfo, "tls_refused", session, "AUTH refused: SSH encrypts all the way to "+target, fields...)
		return
	}
	t.say(levelWarn, "tls_refused", session, fmt.Sprintf("AUTH refused: passwords and data travel in clear from %s to %s",
		t.gateway(), target), append(fields, fieldHint, "--tls pass passes AUTH on; then no listing and no transfer can be carried")...)
}

// tlsPassed says, aloud and once, what a session in TLS is without.
func (t *teller) tlsPassed(session uint64, fields []any) {
	target := t.target(session)
	if !t.once("tls_passed " + target) {
		return
	}
	fields = append(fields, fieldHint, "login, cd, mkdir, rename and delete work, listings and transfers do not; those need a client without TLS")
	t.say(levelWarn, "tls_passed", session, fmt.Sprintf("%s has accepted AUTH: the session is in TLS and cannot be read, its data connections are no longer handled",
		target), fields...)
}

// hostOf returns the host of a host:port.
func hostOf(target string) string {
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		return target
	}
	return host
}

// onSSHHost reports whether a target's host is the SSH server itself.
func onSSHHost(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
