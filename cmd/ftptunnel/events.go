package main

import (
	"errors"
	"fmt"
	"strings"

	"ftptunnel/ftpinspect"
	"ftptunnel/sshconn"
	"ftptunnel/tunnel"
)

// tell words one event.
func (t *teller) tell(e tunnel.Event) {
	switch e := e.(type) {
	case tunnel.SessionStarted:
		t.say(levelInfo, "session_started", e.Session, fmt.Sprintf("client %v", e.Peer),
			"client", e.Peer.String(), "listener", e.Local.String())
	case tunnel.TargetChosen:
		t.choose(e)
	case tunnel.SessionEnded:
		t.sessionEnded(e)
		t.forget(e.Session)
	case tunnel.Dialogue:
		t.dialogue(e)
	case tunnel.TransferStarted:
		t.say(levelInfo, "transfer_started", e.Session, what(e.Verb, e.Path),
			"verb", e.Verb, "path", e.Path, "direction", direction(e.Direction), "size", e.Size,
			"client_mode", e.ClientMode, "server_mode", e.ServerMode)
	case tunnel.TransferEnded:
		t.transferEnded(e)
	case tunnel.Note:
		t.note(e)
	case tunnel.Refused:
		t.say(levelWarn, "refused", e.Session, fmt.Sprintf("refused a connection from %v: %v", e.Peer, e.Why),
			"peer", e.Peer.String(), "reason", e.Why.String())
	case tunnel.Unreachable:
		t.unreachable(e)
	case tunnel.DataFailed:
		t.dataFailed(e)
	}
}

// sessionEnded tells of a session that is over, and what failed if something
// did.
func (t *teller) sessionEnded(e tunnel.SessionEnded) {
	fields := []any{"seconds", e.Elapsed.Seconds(), "reason", e.Reason}
	if e.Err == nil {
		t.say(levelInfo, "session_ended", e.Session,
			fmt.Sprintf("ended after %s: %s", shortDuration(e.Elapsed), e.Reason), fields...)
		return
	}
	level := levelWarn
	_, lost := errors.AsType[*sshconn.LostError](e.Err)
	_, unreachable := errors.AsType[*tunnel.DialError](e.Err)
	if lost || unreachable {
		level = levelInfo // told already
	}
	t.say(level, "session_ended", e.Session, fmt.Sprintf("session broken: %v", e.Err),
		append(fields, "error", e.Err.Error())...)
}

// unreachable tells of an FTP server that could not be reached. A login or a
// host key that was refused is so for good, and ends the program; beside a
// command it is the command that ends.
func (t *teller) unreachable(e tunnel.Unreachable) {
	if len(t.command) == 0 && refusedForGood(e.Err) {
		select {
		case t.lost <- e.Err:
		default: // it is known
		}
		return
	}
	t.say(levelWarn, "unreachable", e.Session, describe(e.Err), "error", e.Err.Error(), fieldHint, t.hint(e.Err))
}

// refusedForGood reports whether another attempt to connect would end alike.
func refusedForGood(err error) bool {
	_, auth := errors.AsType[*sshconn.AuthError](err)
	_, key := errors.AsType[*sshconn.HostKeyError](err)
	return auth || key
}

// transferEnded tells how a transfer ended: aloud only if it was cut. SSH shows
// a reset of the server's data connection as an end of file: then the server's
// reply is all that says so.
func (t *teller) transferEnded(e tunnel.TransferEnded) {
	fields := []any{
		"verb", e.Verb, "path", e.Path, "direction", direction(e.Direction),
		"bytes", e.Bytes, "seconds", e.Elapsed.Seconds(),
		"client_mode", e.ClientMode, "server_mode", e.ServerMode,
		"code", e.Code, "reply", e.Reply, "aborted", e.Aborted,
	}
	if wasCut(e) && !e.Aborted {
		cause := cutCause(e.Err, e.Reply)
		t.say(levelWarn, "transfer_ended", e.Session, fmt.Sprintf("%s of %q cut after %s: %s",
			direction(e.Direction), e.Path, byteCount(e.Bytes), cause), append(fields, "error", cause)...)
		return
	}
	modes := string(e.ClientMode)
	if e.ServerMode != e.ClientMode {
		modes += " as " + string(e.ServerMode)
	}
	t.say(levelInfo, "transfer_ended", e.Session, fmt.Sprintf("%s: %s in %s, %s, %s",
		what(e.Verb, e.Path), byteCount(e.Bytes), shortDuration(e.Elapsed), modes, verdict(e)), fields...)
}

// wasCut reports whether a transfer was cut, by the client itself or not.
func wasCut(e tunnel.TransferEnded) bool { return e.Err != nil || e.Code == 426 || e.Code == 451 }

// verdict words how a transfer that was not cut ended.
func verdict(e tunnel.TransferEnded) string {
	switch {
	case e.Aborted && e.Reply == "":
		return "aborted by the client"
	case e.Aborted:
		return "aborted by the client, " + e.Reply
	case e.Reply == "":
		return "without a reply"
	}
	return e.Reply
}

// dataFailed tells of a data connection that could not be made. A remote
// forward that is refused where it need not be had is bridged, and no news.
func (t *teller) dataFailed(e tunnel.DataFailed) {
	level, hint := levelWarn, t.dataHint(e)
	if t.serverMode == ftpinspect.ModeAuto && e.Listen && e.End == tunnel.Server {
		level, hint = levelInfo, ""
	}
	doing := "connect to"
	if e.Listen {
		doing = "listen on"
	}
	text := fmt.Sprintf("data connection: cannot %s %s on the %v's side: %v", doing, e.Address, e.End, e.Err)
	t.say(level, "data_failed", e.Session, text, "end", e.End.String(), "address", e.Address,
		"error", e.Err.Error(), fieldHint, hint)
}

// what names a transfer; a listing may have no path.
func what(verb, path string) string { return strings.TrimSpace(verb + " " + path) }

// direction names the way of a transfer.
func direction(d ftpinspect.Direction) string {
	if d == ftpinspect.Upload {
		return "upload"
	}
	return "download"
}
