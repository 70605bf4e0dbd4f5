package sshconn

import (
	"errors"
	"net/url"
	"strings"
)

// hostSpec is [user@]host[:port] or ssh://[user@]host[:port].
type hostSpec struct {
	user, host string
	port       int // 0 = unset
}

var errSpec = errors.New("not [user@]host[:port]")

// parseSpec reads a host of a ProxyJump.
func parseSpec(s string) (h hostSpec, err error) {
	rest, uri := strings.CutPrefix(s, "ssh://")
	at := strings.LastIndexByte(rest, '@')
	if uri {
		at = strings.IndexByte(rest, '@')
	}
	if at == 0 {
		return h, errSpec
	}
	if at > 0 {
		h.user, rest = rest[:at], rest[at+1:]
	}
	if uri {
		h.user, _, _ = strings.Cut(h.user, ";")
		if h.user, err = url.PathUnescape(h.user); err != nil {
			return h, errSpec
		}
		rest = strings.TrimSuffix(rest, "/")
	}
	if err := h.hostPort(rest); err != nil {
		return h, err
	}
	if uri && !validDomain(h.host) {
		return h, errSpec
	}
	return h, nil
}

// validDomain reports whether a name is one that ssh takes in a URI; addresses
// of IPv6 are not.
func validDomain(s string) bool {
	ok := s[0] != '-' && s[0] != '.' && !strings.Contains(s, "..")
	for _, c := range []byte(s) {
		ok = ok && (c == '.' || c == '-' || c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z')
	}
	return ok
}

// validHost reports whether a name is safe to hand to a shell within a command,
// as ssh demands of names on its command line.
func validHost(s string) bool {
	return !strings.HasPrefix(s, "-") && !strings.ContainsFunc(s, func(c rune) bool {
		return strings.ContainsRune("'`\"$\\;&<>|(){},", c) || c <= ' ' || c == 0x7f
	})
}

// validUser is the same for the name of a user.
func validUser(s string) bool {
	dash := strings.HasPrefix(s, "-")
	for i := 1; i < len(s); i++ {
		dash = dash || s[i] == '-' && (s[i-1] == ' ' || s[i-1] == '\t')
	}
	return !dash && !strings.HasSuffix(s, "\\") && !strings.ContainsFunc(s, func(c rune) bool {
		return strings.ContainsRune("'`\";&<>|(){}", c) || c < ' ' && c != '\t' || c == 0x7f
	})
}

// hostPort reads host[:port], the host perhaps in brackets.
func (h *hostSpec) hostPort(s string) error {
	port := ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || end+1 < len(s) && s[end+1] != ':' {
			return errSpec
		}
		h.host, port = s[1:end], strings.TrimPrefix(s[end+1:], ":")
	} else {
		h.host, port, _ = strings.Cut(s, ":")
	}
	if h.host == "" || strings.Contains(h.host, "/") {
		return errSpec
	}
	if port != "" {
		n, ok := parsePort(port)
		if !ok {
			return errSpec
		}
		h.port = n
	}
	return nil
}

// jumpList checks a list of jump hosts, more strictly on the command line, and
// returns it as ssh -G prints it: the last one in a canonical form.
func jumpList(list string, strict bool) (string, error) {
	if strings.EqualFold(list, "none") {
		return "none", nil
	}
	hosts := strings.Split(list, ",")
	for i, s := range hosts {
		h, err := parseSpec(s)
		if err != nil {
			return "", err
		}
		if strict && (!validHost(h.host) || !validUser(h.user)) {
			return "", errSpec
		}
		if i == len(hosts)-1 {
			hosts[i] = h.String()
		}
	}
	return strings.Join(hosts, ","), nil
}

// String returns the form that ssh -G prints.
func (h hostSpec) String() string {
	s := h.host
	if strings.Contains(s, ":") || strings.Trim(s, "0123456789.") == "" {
		s = "[" + s + "]"
	}
	if h.user != "" {
		s = h.user + "@" + s
	}
	if h.port > 0 {
		s += ":" + itoa(h.port)
	}
	return s
}
