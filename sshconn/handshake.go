package sshconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// Causes of a connection that did not come about.
var (
	errTimeout = errors.New("timed out")
	errCut     = errors.New("the connection ended during the login")
)

// foreignLimit is how long a server that has said something else may take for
// SSH's identification. Lines may stand before it (RFC 4253, section 4.2), but
// an FTP server that waits for a command says no more.
const foreignLimit = 3 * time.Second

// handshake is one attempt to log in to one host over a given connection.
type handshake struct {
	cfg    *Config
	hop    string        // alias of the host that it is reached through
	beside bool          // another connection to the destination stands already
	same   ssh.PublicKey // the host key of that one, nil on the way
	ask    *asker
	notify func(Event)
	keys   *hostKeys
	login  *login
}

// run speaks SSH over raw, which it owns, until the user is logged in.
func (h *handshake) run(ctx context.Context, raw net.Conn, s *secrets) (*connection, error) {
	begun := time.Now()
	tr := newTransport(raw)
	h.keys = newHostKeys(ctx, h.cfg, h.ask, h.notify)
	h.keys.same = h.same
	h.login = newLogin(ctx, h.cfg, h.ask, s, h.notify)
	h.login.lost = func() bool { return tr.cause() != nil }
	defer h.login.close()
	leave := func() {
		h.login.close()
		tr.Close()
	}
	var foreign *time.Timer
	tr.foreign = func() {
		foreign = time.AfterFunc(foreignLimit, func() {
			if !tr.identified.Load() {
				leave()
			}
		})
	}
	clock := startDeadline(h.cfg.timeout(), leave)
	h.ask.clock = clock
	stop := context.AfterFunc(ctx, leave)
	sc, chans, reqs, err := h.speak(tr)
	expired := clock.stop()
	if foreign != nil {
		foreign.Stop()
	}
	stopped := !stop()
	if err == nil && (expired || stopped) {
		sc.Close()
		err = errTimeout
	}
	if err != nil {
		return nil, h.failure(ctx, tr, err, expired)
	}
	h.login.succeeded()
	c := newConnection(h.cfg, sc, tr, h.notify)
	c.silent, c.beside, c.hostKey = !h.login.answered, h.ask.hop || h.beside, h.keys.pinned
	c.start(chans, reqs, h.keys)
	h.notify(Event{Kind: Connected, Host: h.cfg.Alias, Hop: h.hopping(), Addr: raw.RemoteAddr(),
		Text: string(sc.ServerVersion()), Method: h.login.last, Elapsed: time.Since(begun)})
	return c, nil
}

// speak makes the SSH connection.
func (h *handshake) speak(tr *transport) (ssh.Conn, <-chan ssh.NewChannel, <-chan *ssh.Request, error) {
	c, err := h.clientConfig()
	if err != nil {
		tr.Close()
		return nil, nil, nil, err
	}
	return ssh.NewClientConn(tr, net.JoinHostPort(h.cfg.HostName, itoa(h.cfg.Port)), c)
}

func (h *handshake) hopping() bool { return h.ask.hop }

// failure makes a typed error of what x/crypto says.
func (h *handshake) failure(ctx context.Context, tr *transport, err error, expired bool) error {
	var config *ConfigError
	switch {
	case h.keys.err != nil:
		return h.keys.err
	case errors.As(err, &config):
		return config
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, errCut) && !expired:
		return h.unreached(errCut)
	case h.login.begun && !expired:
		return h.login.failed(err)
	}
	greeting, isForeign := foreign(tr.first)
	algorithms, mismatched := errors.AsType[*ssh.AlgorithmNegotiationError](err)
	switch {
	case isForeign:
		err = &NotSSHError{greeting}
	case expired:
		err = fmt.Errorf("the SSH handshake %w after %v", errTimeout, h.cfg.timeout())
	case mismatched:
		err = mismatch(algorithms)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.EPIPE):
		err = proxyEnd(tr.Conn, err)
	}
	return h.unreached(err)
}

// unreached makes a ConnectError.
func (h *handshake) unreached(err error) *ConnectError {
	return &ConnectError{Host: h.cfg.HostName, Port: h.cfg.Port, Hop: h.hop, Jump: h.ask.jumpName(h.cfg),
		Proxy: h.cfg.ProxyCommand, Cause: err}
}

// clientConfig makes x/crypto's configuration of ours.
func (h *handshake) clientConfig() (*ssh.ClientConfig, error) {
	c := &ssh.ClientConfig{
		User:            h.cfg.User,
		HostKeyCallback: h.keys.callback,
		AuthCallback:    h.login.next,
		ClientVersion:   "SSH-2.0-ftptunnel",
		BannerCallback: func(text string) error {
			h.notify(Event{Kind: Banner, Host: h.cfg.Alias, Text: text})
			return nil
		},
	}
	c.RekeyThreshold = h.cfg.RekeyBytes
	order, err := h.keys.order()
	if err != nil {
		return nil, err
	}
	ciphers := fastCiphers()
	if h.cfg.CiphersSet {
		ciphers = h.cfg.Ciphers
	}
	kex := ssh.SupportedAlgorithms().KeyExchanges
	if h.cfg.KexSet {
		kex = h.cfg.Kex
	}
	good, bad := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	for _, l := range []struct {
		name      string
		to        *[]string
		want      []string
		good, bad []string
	}{
		{"Ciphers", &c.Ciphers, ciphers, good.Ciphers, bad.Ciphers},
		{"KexAlgorithms", &c.KeyExchanges, kex, good.KeyExchanges, bad.KeyExchanges},
		{"MACs", &c.MACs, h.cfg.MACs, good.MACs, bad.MACs},
		{"HostKeyAlgorithms", &c.HostKeyAlgorithms, order, good.HostKeys, bad.HostKeys},
	} {
		if *l.to = supported(l.want, l.good, l.bad); len(*l.to) == 0 {
			return nil, &ConfigError{Text: l.name + ": none of " + strings.Join(l.want, ",") + " is implemented here", Unimplemented: true}
		}
	}
	return c, nil
}
