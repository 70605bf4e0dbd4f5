package sshconn

import (
	"os"
	"strings"
)

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

// onDebian reports whether ssh would have Debian's defaults, which differ.
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
