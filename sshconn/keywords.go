package sshconn

import (
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

// keyword returns what a keyword, in lower case, is called today.
func keyword(name string) string {
	if to, ok := keywordAliases[name]; ok {
		return to
	}
	return name
}

// keywords has every keyword of ssh_config(5) but Host and Match. Those that
// have no effect here are read nevertheless, as a line that ssh refuses is
// refused, unless there is next to nothing that ssh refuses: these have no rule.
var keywords map[string]rule

func init() {
	keywords = map[string]rule{
		"include": include, "port": port, "rekeylimit": rekeyLimit, "ipqos": ipQoS, "addkeystoagent": addKeysToAgent,
		"identityfile": several(100), "certificatefile": several(100),
		"proxycommand": restOfLine, "knownhostscommand": restOfLine, "proxyjump": proxyJump,
		"identityagent": text, "ignoreunknown": ignoreUnknown,
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
		"connecttimeout serveraliveinterval forwardx11timeout":                                                  seconds,
		"connectionattempts numberofpasswordprompts serveralivecountmax requiredrsasize canonicalizemaxdots":    number,
		"canonicaldomains canonicalizepermittedcnames logverbose permitremoteopen channeltimeout":               wordList,
		"protocol cipher fallbacktorsh globalknownhostsfile2 rhostsauthentication userknownhostsfile2":          nil,
		"useroaming usersh useprivilegedport afstokenpassing kerberosauthentication kerberostgtpassing":         nil,
		"rsaauthentication rhostsrsaauthentication compressionlevel sendenv setenv gssapikexalgorithms":         nil,
		"localforward remoteforward dynamicforward gssapiclientidentity gssapiserveridentity obscurekeystrokes": nil,
		"obscurekeystroketiming warnweakcrypto refuseconnection versionaddendum localcommand remotecommand tag": nil,
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
