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
		if err := r.line("ProxyJump "+o.Jump, place{}); err != nil {
			return err
		}
	}
	for _, s := range o.Set {
		if err := r.line(s, place{}); err != nil {
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

// hostname takes HostName into use.
func (r *reader) hostname() error {
	if name, ok := r.values["hostname"]; ok {
		full, err := (tokens{'h': r.host}).percent(name)
		if err != nil {
			return err
		}
		r.host = full
		r.values["hostname"] = full
	}
	if v := r.values["canonicalizehostname"]; v == "true" || v == "always" {
		return &ConfigError{Text: "CanonicalizeHostname needs an ssh binary"}
	}
	if w := r.words["canonicalizepermittedcnames"]; len(w) > 0 && !strings.EqualFold(w[0], "none") {
		return &ConfigError{Text: "CanonicalizePermittedCNAMEs needs an ssh binary"}
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

// ordinary has the defaults of directives that are printed in any case, in ssh
// -G's order; those without a value are printed only if they are set.
var ordinary = [][2]string{
	{"addressfamily", "any"}, {"batchmode", "no"}, {"checkhostip", "no"}, {"compression", "no"},
	{"fingerprinthash", "SHA256"}, {"gssapiauthentication", "no"}, {"hashknownhosts", "no"},
	{"hostbasedauthentication", "no"}, {"identitiesonly", "no"}, {"kbdinteractiveauthentication", "yes"},
	{"nohostauthenticationforlocalhost", "no"}, {"passwordauthentication", "yes"}, {"proxyusefdpass", "no"},
	{"pubkeyauthentication", "true"}, {"stricthostkeychecking", "ask"}, {"tcpkeepalive", "yes"},
	{"verifyhostkeydns", "false"}, {"updatehostkeys", ""}, {"connectionattempts", "1"},
	{"numberofpasswordprompts", "3"}, {"serveralivecountmax", "3"}, {"serveraliveinterval", "0"},
	{"requiredrsasize", "1024"}, {"bindaddress", ""}, {"bindinterface", ""}, {"ciphers", ""},
	{"controlpath", ""}, {"hostkeyalgorithms", ""}, {"hostkeyalias", ""}, {"identityagent", ""},
	{"kexalgorithms", ""}, {"casignaturealgorithms", ""}, {"loglevel", "INFO"}, {"macs", ""},
	{"pkcs11provider", ""}, {"securitykeyprovider", "internal"}, {"preferredauthentications", ""},
	{"pubkeyacceptedalgorithms", ""}, {"revokedhostkeys", ""}, {"knownhostscommand", ""},
	{"identityfile", ""}, {"certificatefile", ""}, {"globalknownhostsfile", ""}, {"userknownhostsfile", ""},
	{"addkeystoagent", "false"}, {"connecttimeout", "none"}, {"ipqos", ""}, {"rekeylimit", "0 0"},
	{"proxycommand", ""}, {"proxyjump", ""},
}

// finish fills in the defaults and expands what ssh -G prints expanded.
func (r *reader) finish() (*settings, error) {
	s := newSettings()
	s.add("host", r.original)
	s.add("user", r.remoteUser())
	s.add("hostname", r.host)
	port, ok := r.values["port"]
	if !ok {
		port = "22"
	}
	s.add("port", port)
	if err := r.complete(); err != nil {
		return nil, err
	}
	e, err := r.expander(s)
	if err != nil {
		return nil, err
	}
	if err := r.expand(e); err != nil {
		return nil, err
	}
	for _, d := range ordinary {
		r.print(s, d[0], d[1])
	}
	return s, nil
}

// print adds a directive to the settings.
func (r *reader) print(s *settings, key, def string) {
	v, set := r.values[key]
	list, words := r.lists[key], r.words[key]
	s.set[key] = set || list != nil || words != nil
	switch {
	case set:
		s.add(key, v)
	case list != nil:
		for _, v := range list {
			s.add(key, v)
		}
	case words != nil:
		s.add(key, strings.Join(words, " "))
		s.lists[key] = words
	case defaultValues[key] != nil:
		for _, v := range defaultValues[key] {
			s.add(key, v)
		}
	case def != "":
		s.add(key, def)
	}
	if len(words) == 1 && strings.EqualFold(words[0], "none") {
		s.lists[key] = nil
	}
}

// defaultValues are defaults that are longer than a word.
var defaultValues = map[string][]string{
	"identityfile": {"~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ecdsa_sk", "~/.ssh/id_ed25519",
		"~/.ssh/id_ed25519_sk", "~/.ssh/id_xmss", "~/.ssh/id_dsa"},
	"globalknownhostsfile": {systemDir + "/ssh_known_hosts " + systemDir + "/ssh_known_hosts2"},
	"ciphers":              {defaultCiphers}, "macs": {defaultMACs}, "kexalgorithms": {defaultKex},
	"hostkeyalgorithms": {defaultKeys}, "pubkeyacceptedalgorithms": {defaultKeys},
	"casignaturealgorithms": {defaultSignatures},
}

// complete makes values of those that depend on others, and drops those that
// "none" clears.
func (r *reader) complete() error {
	for _, l := range [][3]string{
		{"ciphers", defaultCiphers, allCiphers}, {"macs", defaultMACs, allMACs},
		{"kexalgorithms", defaultKex, allKex}, {"hostkeyalgorithms", defaultKeys, allKeys},
		{"pubkeyacceptedalgorithms", defaultKeys, allKeys},
		{"casignaturealgorithms", defaultSignatures, allSignatures},
	} {
		if v, ok := r.values[l[0]]; ok {
			full, good := assemble(v, l[1], l[2])
			if !good {
				return &ConfigError{Text: l[0] + ": nothing is left of " + v}
			}
			r.values[l[0]] = full
		}
	}
	for _, key := range []string{"proxycommand", "controlpath", "revokedhostkeys", "pkcs11provider",
		"securitykeyprovider", "knownhostscommand", "proxyjump"} {
		if strings.EqualFold(r.values[key], "none") {
			delete(r.values, key)
		}
	}
	if a, ok := r.values["hostkeyalias"]; ok {
		r.values["hostkeyalias"] = strings.ToLower(a)
	}
	r.dependent()
	if atoi(r.values["connectionattempts"]) < 0 || r.values["connectionattempts"] == "0" {
		return &ConfigError{Text: "invalid number of ConnectionAttempts"}
	}
	return r.loop()
}

// dependent fills in what follows from other values or from the system.
func (r *reader) dependent() {
	if _, set := r.values["updatehostkeys"]; !set {
		v := "true"
		if w := r.words["userknownhostsfile"]; w != nil && !(len(w) == 1 && w[0] == "~/.ssh/known_hosts") ||
			r.values["verifyhostkeydns"] == "true" || r.values["verifyhostkeydns"] == "ask" {
			v = "false"
		}
		r.values["updatehostkeys"] = v
	}
	if _, set := r.values["ipqos"]; !set {
		if r.values["ipqos"] = "af21 cs1"; onDebian() {
			r.values["ipqos"] = "lowdelay throughput"
		}
	}
	if _, set := r.values["serveraliveinterval"]; !set && r.values["batchmode"] == "yes" && onDebian() {
		r.values["serveraliveinterval"] = "300"
	}
	if r.words["userknownhostsfile"] == nil {
		r.words["userknownhostsfile"] = []string{"~/.ssh/known_hosts", "~/.ssh/known_hosts2"}
	}
}

// onDebian tells whether ssh would have Debian's defaults, which differ.
func onDebian() bool {
	_, err := os.Stat("/etc/debian_version")
	return err == nil
}

// loop refuses a jump host that is the destination.
func (r *reader) loop() error {
	list := r.values["proxyjump"]
	if list == "" {
		return nil
	}
	h, err := parseSpec(list[strings.LastIndexByte(list, ',')+1:])
	if err != nil {
		return err
	}
	user, port := h.user, r.values["port"]
	if user == "" {
		user = r.remoteUser()
	}
	if port == "" {
		port = "22"
	}
	if h.port == 0 {
		h.port = 22
	}
	if h.host == r.host && itoa(h.port) == port && user == r.remoteUser() {
		return &ConfigError{Text: "jump host " + h.host + " is the destination"}
	}
	return nil
}

// expander makes the tokens of what has been read so far.
func (r *reader) expander(s *settings) (expander, error) {
	cfg := &Config{
		Alias: r.original, HostName: r.host, User: r.remoteUser(), Port: s.number("port"),
		HostKeyAlias: r.values["hostkeyalias"],
	}
	return expander{newTokens(cfg, r.o), r.o}, nil
}

// expand replaces ~, tokens and variables where ssh -G does.
func (r *reader) expand(e expander) error {
	for _, key := range []string{"controlpath", "identityagent"} {
		if v, ok := r.values[key]; ok {
			full, err := e.path(v)
			if err != nil {
				return err
			}
			r.values[key] = full
		}
	}
	words := r.words["userknownhostsfile"]
	out := make([]string, len(words))
	for i, w := range words {
		if out[i] = w; strings.EqualFold(w, "none") {
			continue
		}
		full, err := e.path(w)
		if err != nil {
			return err
		}
		out[i] = full
	}
	r.words["userknownhostsfile"] = out
	return nil
}
