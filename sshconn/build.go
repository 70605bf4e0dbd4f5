package sshconn

import (
	"strconv"
	"strings"
	"time"
)

// Keepalive where the configuration has none: a frozen server must not hang a
// client for ever.
const (
	aliveInterval = 15 * time.Second
	aliveCount    = 3
)

// build makes a Config of what a resolver has read.
func build(s *settings, o *Options) (*Config, error) {
	cfg := &Config{settings: s, options: *o, ExecNothing: o.ExecNothing, ExposedForwards: o.ExposedForwards, Engine: o.Engine}
	cfg.Alias = s.get("host")
	cfg.HostName, cfg.User, cfg.Port = s.get("hostname"), s.get("user"), s.number("port")
	cfg.HostKeyAlias = strings.ToLower(s.text("hostkeyalias"))
	if cfg.Port < 1 || cfg.Port > 65535 {
		return nil, &ConfigError{Text: "invalid port " + s.get("port")}
	}
	e := expander{newTokens(cfg, o), o}
	cfg.network(s)
	cfg.alive(s, o)
	cfg.authentication(s)
	cfg.hostKeys(s)
	cfg.algorithms(s)
	if err := cfg.expand(s, e); err != nil {
		return nil, err
	}
	cfg.BatchMode = cfg.BatchMode || o.Batch
	cfg.Unsupported = unsupported(s)
	return cfg, nil
}

func (cfg *Config) network(s *settings) {
	cfg.BindAddress, cfg.BindInterface = s.get("bindaddress"), s.get("bindinterface")
	switch s.get("addressfamily") {
	case "inet":
		cfg.Family = 4
	case "inet6":
		cfg.Family = 6
	}
	cfg.ConnectTimeout = s.seconds("connecttimeout")
	cfg.ConnectionAttempts = max(s.number("connectionattempts"), 1)
	cfg.TCPKeepAlive = s.flag("tcpkeepalive")
	cfg.IPQoS = -1
	if q := strings.Fields(s.get("ipqos")); len(q) > 0 {
		cfg.IPQoS = qos(q[len(q)-1]) // without a terminal ssh uses the second
	}
}

// alive resolves the keepalive. Only the command line can turn it off.
func (cfg *Config) alive(s *settings, o *Options) {
	cfg.ServerAliveInterval = s.seconds("serveraliveinterval")
	cfg.ServerAliveCountMax = s.number("serveralivecountmax")
	if cfg.ServerAliveInterval == 0 && !setsZeroInterval(o.Set) {
		cfg.ServerAliveInterval, cfg.ServerAliveCountMax = aliveInterval, aliveCount
	}
}

func setsZeroInterval(set []string) bool {
	for _, s := range set {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			key, value, _ = strings.Cut(strings.TrimSpace(s), " ")
		}
		if strings.EqualFold(strings.TrimSpace(key), "ServerAliveInterval") {
			n, _, ok := parseTime(strings.Trim(strings.TrimSpace(value), `"`))
			return ok && n == 0 // the first one counts
		}
	}
	return false
}

// defaultMethods is ssh's order of authentication methods, those apart that
// x/crypto has none for.
var defaultMethods = []string{"publickey", "keyboard-interactive", "password"}

func (cfg *Config) authentication(s *settings) {
	cfg.BatchMode = s.flag("batchmode")
	cfg.PreferredAuthentications = defaultMethods
	if s.get("preferredauthentications") != "" {
		cfg.PreferredAuthentications = s.names("preferredauthentications")
	}
	switch s.get("pubkeyauthentication") {
	case "no", "false":
	default:
		cfg.PubkeyAuthentication = true
	}
	cfg.PasswordAuthentication = s.flag("passwordauthentication")
	cfg.KbdInteractive = s.flag("kbdinteractiveauthentication") || s.flag("challengeresponseauthentication")
	cfg.NumberOfPasswordPrompts = s.number("numberofpasswordprompts")
	cfg.IdentitiesOnly = s.flag("identitiesonly")
	cfg.PubkeyAlgorithms = s.names("pubkeyacceptedalgorithms")
	if cfg.PubkeyAlgorithms == nil {
		cfg.PubkeyAlgorithms = s.names("pubkeyacceptedkeytypes") // ssh before 8.5
	}
	cfg.RequiredRSASize = s.number("requiredrsasize")
	cfg.addKeys(s.get("addkeystoagent"))
}

// addKeys reads AddKeysToAgent: yes, no, ask, confirm [time], or a time.
func (cfg *Config) addKeys(v string) {
	f := strings.Fields(v)
	if len(f) == 0 {
		return
	}
	if n, err := strconv.Atoi(f[len(f)-1]); err == nil {
		cfg.AddKeysLifetime = time.Duration(n) * time.Second
		cfg.AddKeysToAgent = "yes"
	}
	switch f[0] {
	case "true", "yes":
		cfg.AddKeysToAgent = "yes"
	case "false", "no":
		cfg.AddKeysToAgent = "no"
	case "ask", "confirm":
		cfg.AddKeysToAgent = f[0]
	}
}

func (cfg *Config) hostKeys(s *settings) {
	switch v := s.get("stricthostkeychecking"); v {
	case "true", "yes":
		cfg.StrictHostKeyChecking = "yes"
	case "false", "no", "off":
		cfg.StrictHostKeyChecking = "off"
	default:
		cfg.StrictHostKeyChecking = v
	}
	cfg.HashKnownHosts = s.flag("hashknownhosts")
	cfg.NoHostAuthLocalhost = s.flag("nohostauthenticationforlocalhost")
	cfg.FingerprintHash = s.get("fingerprinthash")
	cfg.KnownHostsCommand = s.text("knownhostscommand")
	switch v := s.get("updatehostkeys"); v {
	case "true", "yes":
		cfg.UpdateHostKeys = "yes"
	case "ask":
		cfg.UpdateHostKeys = "ask"
	default:
		cfg.UpdateHostKeys = "no"
	}
}

func (cfg *Config) algorithms(s *settings) {
	cfg.HostKeyAlgorithms = s.names("hostkeyalgorithms")
	cfg.HostKeyAlgorithmsSet = s.set["hostkeyalgorithms"]
	cfg.CASignatures = s.names("casignaturealgorithms")
	cfg.Kex, cfg.KexSet = s.names("kexalgorithms"), s.set["kexalgorithms"]
	cfg.Ciphers, cfg.CiphersSet = s.names("ciphers"), s.set["ciphers"]
	cfg.MACs = s.names("macs")
	if f := strings.Fields(s.get("rekeylimit")); len(f) > 0 {
		cfg.RekeyBytes, _ = strconv.ParseUint(f[0], 10, 64)
	}
}
