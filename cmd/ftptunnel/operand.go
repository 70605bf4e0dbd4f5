package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// parsePort reads a port number from 1 to 65535.
func parsePort(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is not a port", s)
	}
	return int(n), nil
}

// parseListenPort reads a port number from 0, which is any free one.
func parseListenPort(s string) (int, error) {
	if s == "0" {
		return 0, nil
	}
	return parsePort(s)
}

// isPort reports whether a word is a port alone.
func isPort(s string) bool {
	_, err := parsePort(s)
	return err == nil
}

// parseTarget reads host[:port]; without a port it is 21.
func (f *forward) parseTarget(s string) error {
	if place, ok := placeInURL(s); ok {
		return &usageError{text: "the target is a URL", hint: "a target is host[:port], here " + place}
	}
	host, port, err := splitHostPort(s, "21")
	if err != nil {
		return usagef("target %q: %v", s, err)
	}
	if host == "" {
		return usagef("target %q has no host", s)
	}
	if f.hostPort, err = parsePort(port); err != nil {
		return usagef("target %q: %v", s, err)
	}
	f.host = host
	return nil
}

// checkDestination refuses what ssh(1) would try as a name. A URL's user, with
// the password, would be sent to the SSH server as the name of a user there.
func checkDestination(s string) error {
	if s == "" || s[0] == '-' {
		return usagef("%q is not a destination", s)
	}
	place, ok := placeInURL(s)
	if !ok || strings.HasPrefix(s, "ssh://") {
		return nil
	}
	if host, port, err := splitHostPort(place, "21"); err == nil && port != "21" {
		place = host + " localhost:" + port
	} else if err == nil {
		place = host
	}
	return &usageError{
		text: "the destination is a URL",
		hint: "a destination is what ssh takes, not the FTP server's URL: ftptunnel " + place,
	}
}

// placeInURL returns the host[:port] of a URL, if this is one. The rest of it is
// not to be printed: it may hold a password.
func placeInURL(s string) (place string, ok bool) {
	_, rest, ok := strings.Cut(s, "://")
	place, _, _ = strings.Cut(rest[strings.LastIndexByte(rest, '@')+1:], "/")
	return place, ok
}

// parseListen reads the argument of --listen: host:port, or a port alone.
func (f *forward) parseListen(s string) error {
	host, port, err := f.bind, s, error(nil)
	if strings.Trim(s, "0123456789") != "" { // a number is a port, a wrong one too
		host, port, err = splitHostPort(s, "2121")
	}
	if err != nil {
		return usagef("--listen %q: %v", s, err)
	}
	if f.port, err = parseListenPort(port); err != nil {
		return usagef("--listen %q: %v", s, err)
	}
	f.bind = wildcard(host)
	return nil
}

// wildcard returns the bind address for a name: as in ssh(1), a star is every
// address, as no name before the colon is.
func wildcard(host string) string {
	if host == "*" {
		return ""
	}
	return host
}

// splitHostPort splits host, host:port, [host] or [host]:port.
func splitHostPort(s, defaultPort string) (host, port string, err error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Is6() {
		return "", "", fmt.Errorf("an IPv6 address stands in brackets: [%s]", a)
	}
	fields, err := splitColons(s)
	switch {
	case err != nil || len(fields) > 2 || fields[0] == "" && len(fields) == 1:
		return "", "", errors.New("not host[:port]")
	case len(fields) == 1:
		return fields[0], defaultPort, nil
	}
	return fields[0], fields[1], nil
}

// splitColons splits at the colons outside of brackets and removes the
// brackets, which enclose a whole field.
func splitColons(s string) ([]string, error) {
	var fields []string
	for {
		var field string
		rest := s
		if strings.HasPrefix(rest, "[") {
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, errors.New("no closing bracket")
			}
			field, rest = rest[1:end], rest[end+1:]
			if rest != "" && rest[0] != ':' {
				return nil, errors.New("text after the bracket")
			}
		} else if i := strings.IndexByte(rest, ':'); i >= 0 {
			field, rest = rest[:i], rest[i:]
		} else {
			field, rest = rest, ""
		}
		fields = append(fields, field)
		if rest == "" {
			return fields, nil
		}
		s = rest[1:]
	}
}
