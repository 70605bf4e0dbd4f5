package sshconn

import (
	"net/netip"
	"os"
	"strings"
)

// commandLine reads the options, which come before any file, and the
// destination.
func (r *reader) commandLine(destination string) error {
	o := r.o
	r.active = true
	if o.Login != "" {
		r.values["user"] = o.Login
	}
	if o.Port != 0 {
		r.values["port"] = itoa(o.Port)
	}
	for _, i := range o.Identity {
		path, err := tilde(i, o.Home)
		if err != nil {
			return err
		}
		if _, err := os.Stat(path); err == nil { // ssh warns and goes on without
			r.lists["identityfile"] = append(r.lists["identityfile"], path)
		}
	}
	if o.Jump != "" {
		if err := r.text("ProxyJump "+o.Jump, ""); err != nil {
			return err
		}
	}
	for _, s := range o.Set {
		if err := r.text(s, ""); err != nil {
			return err
		}
	}
	if o.Bind != "" {
		r.values["bindaddress"] = o.Bind
	}
	if o.Family != 0 {
		r.values["addressfamily"] = map[int]string{4: "inet", 6: "inet6"}[o.Family]
	}
	return r.destination(destination)
}

// destination reads [user@]host or ssh://[user@]host[:port].
func (r *reader) destination(s string) error {
	h := hostSpec{host: s}
	if strings.HasPrefix(s, "ssh://") {
		var err error
		if h, err = parseSpec(s); err != nil {
			return &ConfigError{Text: "invalid destination " + s}
		}
	} else if at := strings.LastIndexByte(s, '@'); at >= 0 {
		h.user, h.host = s[:at], s[at+1:]
		if h.user == "" {
			return &ConfigError{Text: "invalid destination " + s}
		}
	}
	if h.host == "" || !validHost(h.host) || !validUser(h.user) || !validUser(r.values["user"]) {
		return &ConfigError{Text: "invalid destination " + s}
	}
	r.original, r.host = h.host, h.host
	if h.user != "" {
		r.store("user", h.user)
	}
	if h.port != 0 {
		r.store("port", itoa(h.port))
	}
	return nil
}

func (r *reader) remoteUser() string {
	if u, ok := r.values["user"]; ok {
		return u
	}
	return r.o.User
}

// hostname takes HostName into use.
func (r *reader) hostname() error {
	if name, ok := r.values["hostname"]; ok {
		full, err := (tokens{'h': r.host}).percent(name)
		if err != nil {
			return err
		}
		r.host = full
	}
	if v := r.values["canonicalizehostname"]; v == "true" || v == "always" {
		return place{}.needsSSH("CanonicalizeHostname", "write HostName")
	}
	if w := r.words["canonicalizepermittedcnames"]; len(w) > 0 && !strings.EqualFold(w[0], "none") {
		return place{}.needsSSH("CanonicalizePermittedCNAMEs", "leave it out")
	}
	if a, err := netip.ParseAddr(r.host); err == nil {
		if full := a.String(); !strings.EqualFold(full, r.host) {
			r.host = full
		}
		return nil
	}
	if strings.Trim(r.host, "0123456789.") == "" || strings.HasPrefix(r.host, "0x") {
		return &ConfigError{Text: "write the address " + r.host + " in full"}
	}
	r.host = strings.ToLower(r.host)
	return nil
}
