package sshconn

import (
	"crypto/sha1"
	"encoding/hex"
	"os"
	"os/user"
	"strings"
)

// tokens are what stands for the % sequences of ssh_config(5), TOKENS.
type tokens map[byte]string

// newTokens returns the tokens that most directives know.
func newTokens(cfg *Config, o *Options) tokens {
	full, _ := os.Hostname()
	short, _, _ := strings.Cut(full, ".")
	port := itoa(cfg.Port)
	alias := cfg.HostKeyAlias
	if alias == "" {
		alias = cfg.Alias
	}
	jump := jumpHost(cfg)
	sum := sha1.Sum([]byte(full + cfg.HostName + port + cfg.User + jump))
	return tokens{
		'C': hex.EncodeToString(sum[:]), 'L': short, 'd': o.Home, 'h': cfg.HostName,
		'i': userID(), 'j': jump, 'k': alias, 'l': full, 'n': cfg.Alias, 'p': port,
		'r': cfg.User, 'u': o.User,
	}
}

// jumpHost is the %j of a configuration: ProxyJump as it is written.
func jumpHost(cfg *Config) string {
	if cfg.settings == nil {
		return ""
	}
	return cfg.settings.text("proxyjump")
}

// only returns the named tokens.
func (t tokens) only(names string) tokens {
	out := tokens{}
	for i := range len(names) {
		out[names[i]] = t[names[i]]
	}
	return out
}

// percent replaces the % sequences of s; one that is not known is an error, as
// in ssh.
func (t tokens) percent(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return "", &ConfigError{Text: "a lone % at the end of " + s}
		}
		v, ok := t[s[i]]
		switch {
		case s[i] == '%':
			v = "%"
		case !ok:
			return "", &ConfigError{Text: "unknown token %" + s[i:i+1] + " in " + s}
		}
		b.WriteString(v)
	}
	return b.String(), nil
}

// dollar replaces ${NAME} by variables of the environment; one that is not set
// is an error, as in ssh.
func dollar(s string, env func(string) string) (string, error) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "${")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, rest, closed := strings.Cut(after, "}")
		if !closed {
			return "", &ConfigError{Text: "${ without } in " + s}
		}
		value := env(name)
		if value == "" {
			return "", &ConfigError{Text: "environment variable " + name + " is not set, but the configuration uses it"}
		}
		b.WriteString(value)
		s = rest
	}
}

// tilde replaces a leading ~ or ~user by the home directory.
func tilde(path, home string) (string, error) {
	if !strings.HasPrefix(path, "~") {
		return path, nil
	}
	name, rest, _ := strings.Cut(path[1:], "/")
	if name != "" {
		u, err := user.Lookup(name)
		if err != nil {
			return "", &ConfigError{Text: "no such user: " + name}
		}
		home = u.HomeDir
	}
	return strings.TrimSuffix(home, "/") + "/" + rest, nil
}

// expander expands paths for one configuration.
type expander struct {
	tokens
	o *Options
}

// path expands ~, tokens and environment variables.
func (e expander) path(s string) (string, error) {
	s, err := tilde(s, e.o.Home)
	if err != nil {
		return "", err
	}
	if s, err = e.percent(s); err != nil {
		return "", err
	}
	return dollar(s, e.o.env)
}

// paths expands several.
func (e expander) paths(list []string) ([]string, error) {
	var out []string
	for _, s := range list {
		if strings.EqualFold(s, "none") {
			continue
		}
		p, err := e.path(s)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}
