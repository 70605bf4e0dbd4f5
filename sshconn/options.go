package sshconn

import "net"

// Options is what the command line says, before any file is read. The zero
// value reads the user's and the system's ssh_config and no environment.
type Options struct {
	ConfigFile  string   // -F; "" = the user's and the system's, "none" = none
	Login       string   // -l
	Port        int      // -p; 0 = unset
	Identity    []string // -i
	Jump        string   // -J
	Set         []string // -o key=value, in order
	Batch       bool     // never prompt, as -o BatchMode=yes
	Family      int      // 4 for -4, 6 for -6, 0 = unset
	Bind        string   // -b
	ExecNothing bool     // -N: do not send the one exec
	Engine      Engine   // who speaks SSH

	// ExposedForwards accepts remote forwards that were asked for on
	// loopback and that the server offers to its network.
	ExposedForwards bool

	// Wrap takes over the TCP connection to the first host and returns the one
	// that is used in its place; nil = the connection itself.
	Wrap func(*net.TCPConn) net.Conn

	// Home is the directory that ~ stands for; "" = that of the user who
	// runs the process, by the user database, as ssh does.
	Home string
	// User is the local user's name; "" = by the user database.
	User string
	// Env looks an environment variable up; nil = no environment at all, and
	// no ssh binary is looked for, either.
	Env func(string) string
}

// env returns the value of an environment variable, "" if there is none.
func (o *Options) env(name string) string {
	if o.Env == nil {
		return ""
	}
	return o.Env(name)
}
