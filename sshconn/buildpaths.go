package sshconn

import (
	"slices"
	"strings"
)

// expand fills in what has tokens.
func (cfg *Config) expand(s *settings, e expander) (err error) {
	set := func(to *string, key string) {
		if v := s.text(key); v != "" && err == nil {
			*to, err = e.path(v)
		}
	}
	setAll := func(to *[]string, list []string) {
		if err == nil {
			*to, err = e.paths(list)
		}
	}
	setAll(&cfg.IdentityFiles, s.values["identityfile"])
	setAll(&cfg.CertificateFiles, s.values["certificatefile"])
	// ssh -G prints the next three expanded.
	cfg.UserKnownHosts, cfg.GlobalKnownHosts = s.list("userknownhostsfile"), s.list("globalknownhostsfile")
	cfg.ControlPath = s.text("controlpath")
	cfg.IdentitiesSet = s.set["identityfile"]
	set(&cfg.RevokedHostKeys, "revokedhostkeys")
	if cfg.settings.text("proxyjump") == "" && s.text("proxycommand") != "" && err == nil {
		cfg.ProxyCommand, err = e.only("hnpr").percent(s.text("proxycommand"))
	}
	if err == nil {
		cfg.IdentityAgent, err = identityAgent(s.get("identityagent"), e)
	}
	return err
}

// identityAgent returns the agent's socket: SSH_AUTH_SOCK unless IdentityAgent
// names another, as a path or as a variable.
func identityAgent(v string, e expander) (string, error) {
	switch {
	case strings.EqualFold(v, "none"):
		return "", nil
	case v == "", v == "SSH_AUTH_SOCK":
		if sock := e.o.env("SSH_AUTH_SOCK"); sock != "" {
			return sock, nil
		}
		return defaultAgent, nil
	case v[0] == '$' && !strings.HasPrefix(v, "${"):
		return e.o.env(v[1:]), nil
	}
	return v, nil
}

// notHonoured are directives that change how a connection comes about and that
// this package cannot follow.
var notHonoured = []string{
	"gssapiauthentication", "hostbasedauthentication", "pkcs11provider",
	"compression", "verifyhostkeydns", "proxyusefdpass", "checkhostip",
}

// unsupported names the directives that are set in vain.
func unsupported(s *settings) []string {
	var out []string
	for _, key := range notHonoured {
		v := s.get(key)
		if s.set[key] && v != "no" && v != "false" && v != "none" && v != "" {
			out = append(out, key)
		}
	}
	if s.set["securitykeyprovider"] && s.get("securitykeyprovider") != "internal" {
		out = append(out, "securitykeyprovider")
	}
	if f := strings.Fields(s.get("rekeylimit")); s.set["rekeylimit"] && len(f) > 1 && f[1] != "0" && f[1] != "none" {
		out = append(out, "rekeylimit's time") // x/crypto counts bytes alone
	}
	return slices.Clip(out)
}
