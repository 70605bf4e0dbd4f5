package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"ftptunnel/ftpinspect"
	"ftptunnel/tunnel"
)

// testMode lists by one mode through a tunnel, over a real data connection.
func (c *check) testMode(ctx context.Context, mode string) hop {
	t, seen := c.tunnelTo(), new(sightings)
	tell := t.Observe
	t.Observe = func(e tunnel.Event) {
		seen.see(e)
		if c.verbose > 0 {
			tell(e)
		}
	}
	began := time.Now()
	listing, err := c.list(ctx, t, mode)
	if err != nil {
		return c.wrongMode(mode, err, seen)
	}
	h := passed("listing of %s in %s", byteCount(int64(len(listing))), shortDuration(time.Since(began)))
	h.Seconds, h.Server = time.Since(began).Seconds(), seen.announced
	h.Bridged = active(mode) != active(seen.announced)
	switch {
	case h.Bridged:
		h.Detail += fmt.Sprintf(", bridged to %s: %s", seen.announced, c.whyBridged(mode, seen))
		if !active(mode) && !c.modeForced() {
			h.Remedy = c.modeRemedy(mode, seen)
		}
	case seen.announced != mode:
		h.Detail += fmt.Sprintf(", straight, by %s towards the server", seen.announced)
	default:
		h.Detail += ", straight"
	}
	return h
}

// active reports whether a mode's client listens.
func active(mode string) bool { return mode == "PORT" || mode == "EPRT" }

// list is one session that lists, through a tunnel of its own.
func (c *check) list(ctx context.Context, t *tunnel.Tunnel, mode string) ([]byte, error) {
	l, err := tunnel.Local{}.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	serving, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = t.Serve(serving, l) })
	defer wg.Wait()
	defer stop()
	conn, err := tunnel.Local{}.DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return nil, err
	}
	client := newFTPClient(ctx, conn)
	defer client.close()
	if err := client.logIn(c.login.ftpLogin); err != nil {
		return nil, err
	}
	listing, err := client.download(mode, "LIST")
	if err != nil {
		return nil, err
	}
	return listing, client.quit()
}

// sightings are what the events of a session say about its data connections.
// It is safe for concurrent use while the session lasts.
type sightings struct {
	mu        sync.Mutex          // guards the rest
	announced string              // the last command for a data connection that the server got
	asked     []string            // those of them that it has not answered yet
	refusals  []string            // its refusals: command and reply
	failed    []tunnel.DataFailed // ends that could not be made
	named     string              // another host in a 227
}

// see takes an event.
func (s *sightings) see(e tunnel.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e := e.(type) {
	case tunnel.Dialogue:
		s.hear(e)
	case tunnel.DataFailed:
		s.failed = append(s.failed, e)
	case tunnel.Note:
		if e.Kind == ftpinspect.NoteDataHost {
			s.named = e.Detail
		}
	}
}

// hear pairs the commands for a data connection with the server's replies. A
// command that a reply made the session send is told before the reply.
func (s *sightings) hear(d tunnel.Dialogue) {
	if d.From == tunnel.Client {
		verb, _, _ := strings.Cut(d.After, " ")
		switch verb {
		case "EPSV", "PASV", "EPRT", "PORT":
			s.announced, s.asked = verb, append(s.asked, verb)
		}
		return
	}
	if len(s.asked) == 0 || d.Before == "" || d.Before[0] == '1' {
		return
	}
	if d.Before[0] == '4' || d.Before[0] == '5' {
		s.refusals = append(s.refusals, s.asked[0]+": "+d.Before)
	}
	s.asked = s.asked[1:]
}

// modeForced reports whether the server's mode is the user's choice.
func (c *check) modeForced() bool {
	return c.serverMode == ftpinspect.ModePassive || c.serverMode == ftpinspect.ModeActive
}

// whyBridged says why the server did not get the client's mode.
func (c *check) whyBridged(mode string, s *sightings) string {
	switch {
	case c.modeForced():
		return "as --server-mode says"
	case len(s.failed) > 0:
		return s.failed[0].Err.Error()
	case len(s.refusals) > 0:
		return "the server refused " + s.refusals[0]
	case active(mode) && !onSSHHost(c.forward.host):
		return "the FTP server is on another host than the SSH server"
	}
	return "the client's mode cannot work there"
}
