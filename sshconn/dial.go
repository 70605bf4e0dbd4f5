package sshconn

import (
	"context"
	"errors"
	"net"
	"time"
)

// defaultTimeout bounds the way to the server and the handshake where
// ConnectTimeout does not.
const defaultTimeout = 2 * time.Minute

// timeout returns how long connecting to a host may take, prompts excepted.
func (cfg *Config) timeout() time.Duration {
	if cfg.ConnectTimeout > 0 {
		return cfg.ConnectTimeout
	}
	return defaultTimeout
}

// dialTCP opens the TCP connection to a host, ConnectionAttempts times, one
// second apart.
func dialTCP(ctx context.Context, cfg *Config) (net.Conn, error) {
	d, err := dialer(cfg)
	if err != nil {
		return nil, err
	}
	network := "tcp"
	switch cfg.Family {
	case 4:
		network = "tcp4"
	case 6:
		network = "tcp6"
	}
	for i := 1; ; i++ {
		c, err := d.DialContext(ctx, network, net.JoinHostPort(cfg.HostName, itoa(cfg.Port)))
		if err == nil {
			return wrap(cfg, c), nil
		}
		if i >= cfg.ConnectionAttempts {
			return nil, err
		}
		if !sleep(ctx, time.Second) {
			return nil, err
		}
	}
}

// wrap does what Options.Wrap asks for.
func wrap(cfg *Config, c net.Conn) net.Conn {
	if tcp, ok := c.(*net.TCPConn); ok && cfg.options.Wrap != nil {
		return cfg.options.Wrap(tcp)
	}
	return c
}

// dialer makes a dialer of the configuration.
func dialer(cfg *Config) (*net.Dialer, error) {
	d := &net.Dialer{KeepAlive: -1, Control: control(cfg)}
	if cfg.TCPKeepAlive {
		d.KeepAlive = 0 // the system's way
	}
	local, err := bindAddress(cfg)
	if err != nil {
		return nil, err
	}
	if local != nil {
		d.LocalAddr = &net.TCPAddr{IP: local}
	}
	return d, nil
}

// bindAddress returns the local address of BindAddress or BindInterface, nil
// where neither is set.
func bindAddress(cfg *Config) (net.IP, error) {
	if cfg.BindAddress != "" {
		a, err := net.ResolveIPAddr("ip"+family(cfg.Family), cfg.BindAddress)
		if err != nil {
			return nil, err
		}
		return a.IP, nil
	}
	if cfg.BindInterface == "" {
		return nil, nil
	}
	nic, err := net.InterfaceByName(cfg.BindInterface)
	if err != nil {
		return nil, err
	}
	addrs, err := nic.Addrs()
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLinkLocalUnicast() {
			continue
		}
		if v4 := n.IP.To4() != nil; cfg.Family == 0 || v4 == (cfg.Family == 4) {
			return n.IP, nil
		}
	}
	return nil, errors.New("interface " + cfg.BindInterface + " has no usable address")
}

func family(f int) string {
	if f == 0 {
		return ""
	}
	return itoa(f)
}

// sleep waits; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
