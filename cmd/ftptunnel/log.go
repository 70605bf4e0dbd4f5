package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"unicode/utf8"
)

// eventVersion is the version of the json events. It grows when a field
// changes its meaning or goes; a new field or event leaves it as it is.
const eventVersion = 1

// Levels: -q shows errors, the default warnings too, -v what happens, -vv the
// dialogue.
const (
	levelError    = slog.LevelError
	levelWarn     = slog.LevelWarn
	levelInfo     = slog.LevelInfo
	levelDialogue = slog.LevelDebug
)

// Names of fields that the text form needs, too.
const (
	fieldEvent = "event"
	fieldHint  = "hint"
)

// level returns the lowest level that is shown.
func (o *options) level() slog.Level {
	switch {
	case o.quiet:
		return levelError
	case o.verbose == 0:
		return levelWarn
	case o.verbose == 1:
		return levelInfo
	}
	return levelDialogue
}

// logger writes messages: each has a text for people, and for programs the
// name of its event and fields.
type logger struct{ s *slog.Logger }

// newLogger returns a logger to w.
func newLogger(w io.Writer, o *options) *logger {
	if o.logFormat != "json" {
		return &logger{slog.New(&textHandler{w: w, level: o.level(), mu: new(sync.Mutex)})}
	}
	h := slog.NewJSONHandler(controlEscaper{w}, &slog.HandlerOptions{Level: o.level(), ReplaceAttr: jsonNames})
	return &logger{slog.New(h.WithAttrs([]slog.Attr{slog.Int("version", eventVersion)}))}
}

// controlEscaper writes JSON with DEL and the C1 controls as escapes: JSON needs
// none for them, and terminals act on them.
type controlEscaper struct{ w io.Writer }

// Write writes a record.
func (e controlEscaper) Write(record []byte) (int, error) {
	control := func(r rune) bool { return r >= 0x7f && r <= 0x9f }
	escaped := record
	if bytes.ContainsFunc(record, control) {
		escaped = nil
		for _, r := range string(record) {
			if control(r) {
				escaped = fmt.Appendf(escaped, `\u%04x`, r)
			} else {
				escaped = utf8.AppendRune(escaped, r)
			}
		}
	}
	if _, err := e.w.Write(escaped); err != nil {
		return 0, err
	}
	return len(record), nil
}

// jsonNames gives the fields that slog makes the names that are documented.
func jsonNames(groups []string, a slog.Attr) slog.Attr {
	switch {
	case len(groups) > 0:
	case a.Key == fieldHint && a.Value.String() == "":
		return slog.Attr{}
	case a.Key == slog.MessageKey:
		a.Key = "message"
	case a.Key == slog.LevelKey:
		a.Value = slog.StringValue(levelName(a.Value.Any().(slog.Level)))
	}
	return a
}

// levelName returns the name of a level in json.
func levelName(l slog.Level) string {
	return map[slog.Level]string{
		levelError: "error", levelWarn: "warning", levelInfo: "info", levelDialogue: "dialogue",
	}[l]
}

// log writes one message. Fields are pairs of a name and a value.
func (l *logger) log(level slog.Level, event, text string, fields ...any) {
	l.s.Log(context.Background(), level, text, append([]any{fieldEvent, event}, fields...)...)
}

// warnf writes a warning that has no fields of its own.
func (l *logger) warnf(event, format string, args ...any) {
	l.log(levelWarn, event, fmt.Sprintf(format, args...))
}

// fail writes an error and its hint, which is left out if it is empty.
func (l *logger) fail(event, text, hint string, fields ...any) {
	l.log(levelError, event, text, append(fields, fieldHint, hint)...)
}

// textHandler writes records for people: prefix and text, and the hint in a
// line of its own. Other fields repeat what the text says.
type textHandler struct {
	w     io.Writer
	level slog.Level
	mu    *sync.Mutex // guards w
}

func (h *textHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h *textHandler) Handle(_ context.Context, r slog.Record) error {
	out := "ftptunnel: " + escape(r.Message) + "\n"
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == fieldHint && a.Value.String() != "" {
			out += "ftptunnel: hint: " + escape(a.Value.String()) + "\n"
		}
		return true
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.w, out)
	return err
}

func (h *textHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h *textHandler) WithGroup(string) slog.Handler      { return h }

// openLog returns the logger that the options ask for and what closes it. The
// screen, if there is one, is standard error.
func openLog(e env, o *options, s *screen) (*logger, func(), error) {
	switch {
	case o.logFile == "" && s != nil:
		return newLogger(s, o), func() {}, nil
	case o.logFile == "":
		return newLogger(e.stderr, o), func() {}, nil
	}
	f, err := os.OpenFile(o.logFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return newLogger(f, o), func() { f.Close() }, nil
}
