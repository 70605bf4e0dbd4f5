package sshconn

import "time"

// Config is a resolved destination: everything that is needed to connect to
// it, with tokens, ~ and ${ENV} expanded. It is made by [Resolve]; fields may
// be changed before [NewClient] is called with it, and not afterwards.
type Config struct {
	Alias    string // the destination as it was given, without user and port
	HostName string
	Port     int
	User     string

	// Jumps are the hosts on the way, first hop first (ProxyJump).
	Jumps []*Config
	// ProxyCommand is run by the shell, its standard input and output are the
	// connection; "" = none. Only the first hop has one where there are Jumps.
	ProxyCommand string

	BindAddress        string
	BindInterface      string
	Family             int // 4, 6, or 0 for any
	ConnectTimeout     time.Duration
	ConnectionAttempts int
	TCPKeepAlive       bool
	IPQoS              int // the TOS byte; -1 = the system's

	// ServerAliveInterval is never 0 unless the command line said so; after
	// ServerAliveCountMax unanswered probes the connection counts as lost.
	ServerAliveInterval time.Duration
	ServerAliveCountMax int

	BatchMode                bool
	PreferredAuthentications []string
	PubkeyAuthentication     bool
	PasswordAuthentication   bool
	KbdInteractive           bool
	NumberOfPasswordPrompts  int
	IdentitiesOnly           bool
	IdentityAgent            string   // socket of the agent; "" = none
	IdentityFiles            []string // in order; those by default included
	IdentitiesSet            bool     // IdentityFile was set, not by default
	CertificateFiles         []string
	AddKeysToAgent           string        // "no", "yes", "ask" or "confirm"
	AddKeysLifetime          time.Duration // 0 = for ever
	PubkeyAlgorithms         []string
	RequiredRSASize          int

	StrictHostKeyChecking string // "yes", "ask", "accept-new", "off"
	UserKnownHosts        []string
	GlobalKnownHosts      []string
	KnownHostsCommand     string // with tokens: they differ from call to call
	RevokedHostKeys       string // file; "" = none
	HostKeyAlias          string
	HashKnownHosts        bool
	UpdateHostKeys        string // "yes", "no", "ask"
	NoHostAuthLocalhost   bool
	FingerprintHash       string // "SHA256", "MD5", …

	HostKeyAlgorithms    []string
	HostKeyAlgorithmsSet bool // not by default: the order is the user's
	CASignatures         []string
	Kex                  []string
	KexSet               bool
	Ciphers              []string
	CiphersSet           bool
	MACs                 []string
	RekeyBytes           uint64 // 0 = by cipher

	ControlPath     string // socket of a master that may be live; "" = none
	Engine          Engine
	ExposedForwards bool // see Options

	ExecNothing bool // do not execute the one command after the login

	// Unsupported names directives that are set and have no effect here.
	Unsupported []string

	settings    *settings // as read, for WriteG
	options     Options
	destination string // as it was given
}
