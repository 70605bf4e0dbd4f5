package sshconn

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// rule reads the arguments of a keyword.
type rule func(*reader, *directive) error

// keywordAliases are other names of keywords: readconf.c.
var keywordAliases = map[string]string{
	"challengeresponseauthentication": "kbdinteractiveauthentication",
	"skeyauthentication":              "kbdinteractiveauthentication",
	"tisauthentication":               "kbdinteractiveauthentication",
	"dsaauthentication":               "pubkeyauthentication",
	"identityfile2":                   "identityfile",
	"keepalive":                       "tcpkeepalive",
	"hostbasedkeytypes":               "hostbasedacceptedalgorithms",
	"pubkeyacceptedkeytypes":          "pubkeyacceptedalgorithms",
	"smartcarddevice":                 "pkcs11provider",
}

// keywords has every keyword of ssh_config(5). Those that have no effect here
// are read nevertheless: a line that ssh refuses is refused.
var keywords map[string]rule

func init() {
	keywords = map[string]rule{
		"host": hostBlock, "match": matchBlock, "include": include,
		"port": port, "rekeylimit": rekeyLimit, "ipqos": ipQoS, "addkeystoagent": addKeysToAgent,
		"identityfile": several(100), "certificatefile": several(100),
		"proxycommand": restOfLine, "knownhostscommand": restOfLine, "proxyjump": proxyJump,
		"identityagent": text, "ignoreunknown": ignoreUnknown, "tag": text,
		"globalknownhostsfile": wordList, "userknownhostsfile": wordList,
		"loglevel": choice(logLevels), "fingerprinthash": choice(digests),
		"addressfamily":         choice(same("any", "inet", "inet6")),
		"stricthostkeychecking": choice(strictValues),
		"updatehostkeys":        choice(yesNoAsk), "verifyhostkeydns": choice(yesNoAsk),
		"pubkeyauthentication": choice(pubkeyValues),
		"compression":          choice(same("yes", "no")),
		"ciphers":              algorithmList(false, allCiphers), "macs": algorithmList(false, allMACs),
		"kexalgorithms": algorithmList(false, allKex), "hostkeyalgorithms": algorithmList(true, allKeys),
		"casignaturealgorithms":       algorithmList(true, allKeys),
		"pubkeyacceptedalgorithms":    algorithmList(true, allKeys),
		"hostbasedacceptedalgorithms": algorithmList(true, allKeys),

		"canonicalizehostname": choice(map[string]string{"yes": "true", "true": "true", "no": "false",
			"false": "false", "always": "always"}),
		"controlmaster": choice(same("yes", "no", "true", "false", "auto", "ask", "autoask")),
		"requesttty":    choice(same("yes", "no", "true", "false", "force", "auto")),
		"sessiontype":   choice(same("none", "subsystem", "default")),
		"tunnel":        choice(same("ethernet", "point-to-point", "yes", "no", "true", "false")),
	}
	for keys, r := range map[string]rule{
		"user hostname hostkeyalias preferredauthentications bindaddress bindinterface pkcs11provider " +
			"securitykeyprovider controlpath revokedhostkeys kbdinteractivedevices xauthlocation " +
			"controlpersist escapechar tunneldevice streamlocalbindmask syslogfacility forwardagent": text,
		"passwordauthentication kbdinteractiveauthentication batchmode checkhostip tcpkeepalive " +
			"nohostauthenticationforlocalhost identitiesonly hashknownhosts hostbasedauthentication " +
			"proxyusefdpass gssapiauthentication gssapidelegatecredentials gssapikeyexchange gssapitrustdns " +
			"gssapirenewalforcesrekey forwardx11 forwardx11trusted gatewayports exitonforwardfailure " +
			"clearallforwardings enablesshkeysign permitlocalcommand visualhostkey stdinnull " +
			"forkafterauthentication canonicalizefallbacklocal streamlocalbindunlink " +
			"enableescapecommandline": choice(yesNo),
		"connecttimeout serveraliveinterval forwardx11timeout":                                               seconds,
		"connectionattempts numberofpasswordprompts serveralivecountmax requiredrsasize canonicalizemaxdots": number,
		"localcommand remotecommand": restOfLine,
		"canonicaldomains canonicalizepermittedcnames logverbose permitremoteopen channeltimeout":               wordList,
		"protocol cipher fallbacktorsh globalknownhostsfile2 rhostsauthentication userknownhostsfile2":          ignore,
		"useroaming usersh useprivilegedport afstokenpassing kerberosauthentication kerberostgtpassing":         ignore,
		"rsaauthentication rhostsrsaauthentication compressionlevel sendenv setenv gssapikexalgorithms":         ignore,
		"localforward remoteforward dynamicforward gssapiclientidentity gssapiserveridentity obscurekeystrokes": ignore,
		"obscurekeystroketiming warnweakcrypto refuseconnection versionaddendum":                                ignore,
	} {
		for _, key := range strings.Fields(keys) {
			keywords[key] = r
		}
	}
}

// Values as they are written and as ssh -G prints them.
var (
	yesNo        = map[string]string{"yes": "yes", "true": "yes", "no": "no", "false": "no"}
	yesNoAsk     = map[string]string{"yes": "true", "true": "true", "no": "false", "false": "false", "ask": "ask"}
	strictValues = map[string]string{"yes": "true", "true": "true", "no": "false", "false": "false",
		"off": "false", "ask": "ask", "accept-new": "accept-new"}
	pubkeyValues = map[string]string{"yes": "true", "true": "true", "no": "false", "false": "false",
		"unbound": "unbound", "host-bound": "host-bound"}
	logLevels = map[string]string{"silent": "SILENT", "quiet": "SILENT", "fatal": "FATAL", "error": "ERROR", "info": "INFO",
		"verbose": "VERBOSE", "debug": "DEBUG", "debug1": "DEBUG", "debug2": "DEBUG2", "debug3": "DEBUG3"}
	digests = map[string]string{"md5": "MD5", "sha1": "SHA1", "sha256": "SHA256", "sha384": "SHA384", "sha512": "SHA512"}
)

// same makes a table of values that are printed as they are written.
func same(values ...string) map[string]string {
	m := map[string]string{}
	for _, v := range values {
		m[v] = v
	}
	return m
}

// choice reads one of a set of words.
func choice(values map[string]string) rule {
	return func(r *reader, d *directive) error {
		a, err := d.next()
		if err != nil {
			return err
		}
		v, ok := values[strings.ToLower(a)]
		if !ok {
			return d.errorf("%s: unsupported value %q", d.key, a)
		}
		r.store(d.key, v)
		return nil
	}
}

// text reads one word.
func text(r *reader, d *directive) error {
	a, err := d.next()
	if err == nil {
		r.store(d.key, a)
	}
	return err
}

// ignore reads anything.
func ignore(_ *reader, d *directive) error {
	d.args = nil
	return nil
}

func ignoreUnknown(r *reader, d *directive) error {
	a, err := d.next()
	if err == nil && r.active && r.ignored == "" {
		r.ignored = a
	}
	return err
}

// restOfLine takes the line as it is written.
func restOfLine(r *reader, d *directive) error {
	r.store(d.key, strings.TrimLeft(d.rest, blanks+"="))
	d.args = nil
	return nil
}

// proxyJump loses against a ProxyCommand that came first, and keeps later ones
// out unless it is none. Every host of the list must be well formed.
func proxyJump(r *reader, d *directive) error {
	list, _, _ := strings.Cut(strings.TrimLeft(d.rest, blanks+"="), "#")
	list = strings.TrimRight(list, blanks)
	d.args = nil
	value, err := jumpList(list, d.file == "")
	if err != nil {
		return d.errorf("invalid ProxyJump %q", list)
	}
	if _, set := r.values["proxycommand"]; set {
		return nil
	}
	if _, set := r.values["proxyjump"]; !set && value != "none" {
		r.store("proxycommand", "none")
	}
	r.store("proxyjump", value)
	return nil
}

// several reads a word and adds it to those that came before.
func several(limit int) rule {
	return func(r *reader, d *directive) error {
		a, err := d.next()
		if err != nil || !r.active {
			return err
		}
		if len(r.lists[d.key]) >= limit {
			return d.errorf("%s: too many", d.key)
		}
		for _, have := range r.lists[d.key] {
			if have == a {
				return nil
			}
		}
		r.lists[d.key] = append(r.lists[d.key], a)
		return nil
	}
}

// wordList reads all words of a line; the first line wins.
func wordList(r *reader, d *directive) error {
	for i, a := range d.args {
		if a == "" {
			return d.errorf("%s: empty argument", d.key)
		}
		if strings.EqualFold(a, "none") && (i > 0 || len(d.args) > 1) {
			return d.errorf("%s: none must stand alone", d.key)
		}
	}
	if _, set := r.words[d.key]; r.active && !set && len(d.args) > 0 {
		r.words[d.key] = d.args
	}
	d.args = nil
	return nil
}

// seconds reads a time.
func seconds(r *reader, d *directive) error {
	a, err := d.next()
	if err != nil {
		return err
	}
	if a == "none" {
		r.storeTime(d.key, "none")
		return nil
	}
	_, v, ok := parseTime(a)
	if !ok {
		return d.errorf("%s: invalid time %q", d.key, a)
	}
	r.storeTime(d.key, v)
	return nil
}

// storeTime: none leaves the default in place, and other values may follow it.
func (r *reader) storeTime(key, v string) {
	if v != "none" {
		r.store(key, v)
	}
}

// number reads an integer.
func number(r *reader, d *directive) error {
	a, err := d.next()
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(a, 10, 32)
	if err != nil {
		return d.errorf("%s: invalid number %q", d.key, a)
	}
	r.store(d.key, strconv.FormatInt(n, 10))
	return nil
}

// port reads a port, by number or by name.
func port(r *reader, d *directive) error {
	a, err := d.next()
	if err != nil {
		return err
	}
	n, ok := parsePort(a)
	if !ok {
		return d.errorf("bad port %q", a)
	}
	r.store(d.key, itoa(n))
	return nil
}

func parsePort(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	if err != nil {
		n, err = net.LookupPort("tcp", s)
	}
	return n, err == nil && n > 0 && n < 65536
}

// rekeyLimit reads an amount and, perhaps, a time.
func rekeyLimit(r *reader, d *directive) error {
	a, err := d.next()
	if err != nil {
		return err
	}
	bytes := int64(0)
	if a != "default" {
		var ok bool
		if bytes, ok = parseAmount(a); !ok || bytes != 0 && bytes < 16 {
			return d.errorf("RekeyLimit: bad amount %q", a)
		}
	}
	every := "0"
	if len(d.args) > 0 && d.args[0] == "none" {
		d.args = d.args[1:]
	} else if len(d.args) > 0 {
		t, err := d.next()
		if err != nil {
			return err
		}
		var ok bool
		if _, every, ok = parseTime(t); !ok {
			return d.errorf("RekeyLimit: invalid time %q", t)
		}
	}
	r.store(d.key, fmt.Sprintf("%d %s", bytes, every))
	return nil
}

// ipQoS reads one or two types of service.
func ipQoS(r *reader, d *directive) error {
	var names []string
	for len(names) < 2 {
		a, err := d.next()
		if err != nil {
			if len(names) == 1 && len(d.args) == 0 {
				names = append(names, names[0])
				break
			}
			return err
		}
		v, ok := qosName(a)
		if !ok {
			return d.errorf("bad IPQoS value %q", a)
		}
		names = append(names, v)
	}
	r.store(d.key, strings.Join(names, " "))
	return nil
}

// addKeysToAgent reads yes, no, ask, confirm [time], or a time.
func addKeysToAgent(r *reader, d *directive) error {
	a, err := d.next()
	if err != nil {
		return err
	}
	v, word := map[string]string{"yes": "true", "true": "true", "no": "false", "false": "false",
		"ask": "ask", "confirm": "confirm"}[strings.ToLower(a)]
	switch {
	case !word && len(d.args) == 0:
		n, t, ok := parseTime(a)
		if !ok {
			return d.errorf("AddKeysToAgent: unsupported value %q", a)
		}
		if v = t; n == 0 {
			v = "true"
		}
	case v == "confirm" && len(d.args) > 0:
		t, err := d.next()
		if err != nil {
			return err
		}
		n, life, ok := parseTime(t)
		if !ok {
			return d.errorf("AddKeysToAgent: invalid time %q", t)
		}
		if n > 0 {
			v += " " + life
		}
	case !word || len(d.args) > 0:
		return d.errorf("AddKeysToAgent: unsupported value %q", a)
	}
	r.store(d.key, v)
	return nil
}
