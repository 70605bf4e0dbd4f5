package sshconn

// Engine says who speaks SSH.
type Engine string

// Engines.
const (
	// EngineAuto speaks SSH itself, unless ControlPath has a live master.
	EngineAuto Engine = ""
	// EngineNative always speaks SSH itself.
	EngineNative Engine = "native"
	// EngineOpenSSH runs a private OpenSSH master and rides it: for what is not
	// implemented here (Config.Unsupported).
	EngineOpenSSH Engine = "openssh"
)
