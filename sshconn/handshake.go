package sshconn

import (
	"context"
	"errors"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

// errTimeout is the cause of a connection that took too long to come about.
var errTimeout = errors.New("timed out")

// handshake is one attempt to log in to one host over a given connection.
type handshake struct {
	cfg    *Config
	hop    string // alias of the host that it is reached through
	ask    *asker
	notify func(Event)
	keys   *hostKeys
	login  *login
}

// run speaks SSH over raw, which it owns, until the user is logged in.
func (h *handshake) run(ctx context.Context, raw net.Conn, s *secrets) (*connection, error) {
	begun := time.Now()
	tr := newTransport(raw)
	clock := startDeadline(h.cfg.timeout(), func() { tr.Close() })
	h.ask.clock = clock
	stop := context.AfterFunc(ctx, func() { tr.Close() })
	h.keys = newHostKeys(ctx, h.cfg, h.ask, h.notify)
	h.login = newLogin(ctx, h.cfg, h.ask, s, h.notify)
	defer h.login.close()
	address := net.JoinHostPort(h.cfg.HostName, itoa(h.cfg.Port))
	sc, chans, reqs, err := ssh.NewClientConn(tr, address, h.clientConfig())
	expired := clock.stop()
	stopped := !stop()
	if err == nil && (expired || stopped) {
		sc.Close()
		err = errTimeout
	}
	if err != nil {
		return nil, h.failure(ctx, err, expired)
	}
	h.login.succeeded()
	c := newConnection(h.cfg, sc, tr, h.notify)
	c.start(chans, reqs, h.keys)
	h.notify(Event{Kind: Connected, Host: h.cfg.Alias, Hop: h.hopping(), Addr: raw.RemoteAddr(),
		Text: string(sc.ServerVersion()), Method: h.login.last, Elapsed: time.Since(begun)})
	return c, nil
}

func (h *handshake) hopping() bool { return h.ask.hop }

// failure makes a typed error of what x/crypto says.
func (h *handshake) failure(ctx context.Context, err error, expired bool) error {
	switch {
	case h.keys.err != nil:
		return h.keys.err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case expired:
		err = errTimeout
	case h.login.begun:
		return h.login.failed(err)
	}
	return &ConnectError{Host: h.cfg.HostName, Port: h.cfg.Port, Hop: h.hop, Proxy: h.cfg.ProxyCommand, Cause: err}
}

// clientConfig makes x/crypto's configuration of ours.
func (h *handshake) clientConfig() *ssh.ClientConfig {
	good, bad := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	cfg := &ssh.ClientConfig{
		User:              h.cfg.User,
		HostKeyCallback:   h.keys.callback,
		HostKeyAlgorithms: h.keys.algorithms(),
		AuthCallback:      h.login.next,
		ClientVersion:     "SSH-2.0-ftptunnel",
		BannerCallback: func(text string) error {
			h.notify(Event{Kind: Banner, Host: h.cfg.Alias, Text: text})
			return nil
		},
	}
	cfg.Ciphers = fastCiphers()
	if h.cfg.CiphersSet {
		cfg.Ciphers = supported(h.cfg.Ciphers, good.Ciphers, bad.Ciphers)
	}
	if h.cfg.KexSet {
		cfg.KeyExchanges = supported(h.cfg.Kex, good.KeyExchanges, bad.KeyExchanges)
	} else {
		cfg.KeyExchanges = good.KeyExchanges
	}
	if h.cfg.MACsSet {
		cfg.MACs = supported(h.cfg.MACs, good.MACs, bad.MACs)
	}
	cfg.RekeyThreshold = h.cfg.RekeyBytes
	return cfg
}
