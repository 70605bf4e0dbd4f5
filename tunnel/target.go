package tunnel

import (
	"context"
	"net"

	"ftptunnel/ftpinspect"
)

// mostTargets bounds what is remembered of targets: a client can name as many
// as it likes.
const mostTargets = 1000

// learn has f use and change what is known of a target. Sessions share it.
func (t *Tunnel) learn(target string, f func(ftpinspect.Knowledge) ftpinspect.Knowledge) {
	t.learning.Lock()
	defer t.learning.Unlock()
	known, ok := t.know[target]
	if !ok && len(t.know) >= mostTargets {
		for forgotten := range t.know {
			delete(t.know, forgotten)
			break
		}
	}
	if t.know == nil {
		t.know = map[string]ftpinspect.Knowledge{}
	}
	t.know[target] = f(known)
}

// dialTarget connects to an FTP server.
func (t *Tunnel) dialTarget(ctx context.Context, target string) (net.Conn, error) {
	limit := t.Limits.filled().Connect
	c, err := dialWithin(ctx, limit, func(ctx context.Context) (net.Conn, error) {
		return t.serverSide().DialContext(ctx, "tcp", target)
	})
	if err != nil {
		return nil, &DialError{Target: target, Err: err}
	}
	return c, nil
}

// targetHost is the host of a host:port.
func targetHost(target string) string {
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		return target
	}
	return host
}
