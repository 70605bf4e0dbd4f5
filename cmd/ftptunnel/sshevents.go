package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"ftptunnel/sshconn"
)

// sshEvent words what happens to the SSH connection. It is called from the
// connection's goroutines.
func (p *program) sshEvent(e sshconn.Event) {
	w, ok := sshWordings[e.Kind]
	if !ok || errors.Is(e.Err, context.Canceled) {
		return // what we ended ourselves is no news
	}
	text := w.text(e)
	if e.Kind == sshconn.Banner {
		for line := range strings.Lines(text) {
			p.log.log(w.level, w.event, strings.TrimRight(line, "\r\n"), "host", e.Host)
		}
		return
	}
	fields := []any{"host", e.Host}
	if e.Err != nil {
		fields = append(fields, "error", e.Err.Error())
	}
	if e.Kind == sshconn.Unsupported && checksHost[e.Text] {
		w.level = levelWarn
	}
	p.log.log(w.level, w.event, text, fields...)
	p.tellConnection(e, text)
}

// wording is how an event is told.
type wording struct {
	level slog.Level
	event string
	text  func(sshconn.Event) string
}

var sshWordings = map[sshconn.EventKind]wording{
	sshconn.Connected:      {levelInfo, "ssh_connected", wordConnected},
	sshconn.Banner:         {levelWarn, "ssh_banner", func(e sshconn.Event) string { return e.Text }},
	sshconn.Lost:           {levelWarn, "ssh_lost", wordLost},
	sshconn.Reconnecting:   {levelInfo, "ssh_reconnecting", wordReconnecting},
	sshconn.HostKeyAdded:   {levelWarn, "host_key_added", wordHostKey},
	sshconn.HostKeyRemoved: {levelWarn, "host_key_removed", wordHostKeyRemoved},
	sshconn.Unsupported:    {levelInfo, "ssh_unsupported", wordUnsupported},
	sshconn.ExecSent:       {levelInfo, "ssh_exec", wordExec},
	sshconn.Warning:        {levelWarn, "ssh_warning", wordWarning},
	sshconn.ProxyOutput:    {levelWarn, "proxy_output", func(e sshconn.Event) string { return "ProxyCommand: " + e.Text }},
	sshconn.Exposed:        {levelWarn, "ssh_exposed", wordExposed},
	sshconn.Listening:      {levelInfo, "ssh_listening", wordListening},
	sshconn.AuthTried:      {levelInfo, "ssh_auth_tried", wordTried},
}

func wordConnected(e sshconn.Event) string {
	s := fmt.Sprintf("connected to %s", e.Host)
	if e.Addr != nil {
		s += fmt.Sprintf(" (%s)", e.Addr)
	}
	if e.Hop {
		s += " as jump host"
	}
	if e.Method != "" {
		s += ", logged in by " + e.Method
	}
	return fmt.Sprintf("%s, in %s, server %s", s, shortDuration(e.Elapsed), e.Text)
}

func wordExposed(e sshconn.Event) string {
	return fmt.Sprintf("the SSH server %s opens remote forwards to its whole network (GatewayPorts yes)", e.Host)
}

func wordLost(e sshconn.Event) string {
	if e.Err == nil {
		return fmt.Sprintf("the SSH connection to %s was lost", e.Host)
	}
	return e.Err.Error()
}

func wordReconnecting(e sshconn.Event) string {
	if e.Elapsed > 0 {
		return fmt.Sprintf("connecting to %s again in %s", e.Host, shortDuration(e.Elapsed))
	}
	return fmt.Sprintf("connecting to %s again", e.Host)
}

func wordHostKey(e sshconn.Event) string {
	if e.Err != nil {
		return fmt.Sprintf("the host key of %s could not be recorded: %v", e.Host, e.Err)
	}
	return fmt.Sprintf("recorded the host key of %s in %s: %s", e.Host, e.File, e.Text)
}

func wordHostKeyRemoved(e sshconn.Event) string {
	return fmt.Sprintf("removed a host key that %s no longer has from %s: %s", e.Host, e.File, e.Text)
}

// checksHost are directives that say how a host key is checked: who sets one must
// not believe that it is done.
var checksHost = map[string]bool{"checkhostip": true, "verifyhostkeydns": true}

func wordUnsupported(e sshconn.Event) string {
	return fmt.Sprintf("ssh_config sets %s, which has no effect here; --engine openssh honours it", e.Text)
}

func wordExec(e sshconn.Event) string {
	if e.Err != nil {
		return fmt.Sprintf("could not execute %q on %s against Nagle's delay: %v", e.Text, e.Host, e.Err)
	}
	return fmt.Sprintf("executed %q on %s against Nagle's delay (-N leaves that out)", e.Text, e.Host)
}

func wordWarning(e sshconn.Event) string {
	switch {
	case e.File == "":
		return e.Text
	case e.Line == 0:
		return fmt.Sprintf("%s: %s", e.File, e.Text)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
}

func wordTried(e sshconn.Event) string {
	return fmt.Sprintf("%s did not accept %s", e.Host, e.Text)
}

func wordListening(e sshconn.Event) string {
	return fmt.Sprintf("%s listens on %s again", e.Host, e.Text)
}
