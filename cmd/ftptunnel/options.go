package main

import (
	"errors"
	"fmt"
	"net/netip"

	"ftptunnel/ftpinspect"
	"ftptunnel/sshconn"

	"github.com/spf13/pflag"
)

// options is the command line, checked. Its fields are named after the
// options; their meaning is in the usage text.
type options struct {
	destination string
	forwards    []forward // the target's, or one for every -L, -R and -D
	byOption    bool      // by options, not by a target
	command     []string  // what stands after --

	login    string
	port     int
	identity []string
	jump     string
	config   string
	set      []string
	noExec   bool
	bind     string
	family   int
	engine   sshconn.Engine

	serverMode    ftpinspect.ServerMode
	activeAddress netip.Addr
	replyHost     bool
	prefetch      bool
	fxp           bool
	tls           ftpinspect.TLSMode

	batch     bool
	quiet     bool
	verbose   int
	logFormat string
	logFile   string

	transferLog string
	background  bool

	checking, printing, demo, help, version bool
	completion                              string
}

// usageError is a mistake on the command line.
type usageError struct{ text, hint string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) *usageError {
	return &usageError{text: fmt.Sprintf(format, args...), hint: "ftptunnel -h lists the options"}
}

// raw is the command line as pflag hands it over, before it is checked.
type raw struct {
	forwards                          []forwardSpec
	listen, serverMode, activeAddress string
	dataHost, tls                     string
	port, engine                      string
	inet4, inet6                      bool
}

// flagSet declares the options. An option with one letter has that letter as
// its long name too: pflag has no options without one.
func flagSet(o *options, r *raw) *pflag.FlagSet {
	f := pflag.NewFlagSet("ftptunnel", pflag.ContinueOnError)
	f.SortFlags = false
	f.Usage = func() {}
	f.VarP(forwardValue{localForward, &r.forwards}, "L", "L", "")
	f.VarP(forwardValue{remoteForward, &r.forwards}, "R", "R", "")
	f.VarP(forwardValue{proxyForward, &r.forwards}, "D", "D", "")
	f.StringVar(&r.listen, "listen", "", "")
	f.StringVarP(&o.login, "l", "l", "", "")
	f.StringVarP(&r.port, "p", "p", "", "")
	f.StringArrayVarP(&o.identity, "i", "i", nil, "")
	f.StringVarP(&o.jump, "J", "J", "", "")
	f.StringVarP(&o.config, "F", "F", "", "")
	f.StringArrayVarP(&o.set, "o", "o", nil, "")
	f.BoolVarP(&o.noExec, "N", "N", false, "")
	f.StringVarP(&o.bind, "b", "b", "", "")
	f.BoolVarP(&r.inet4, "4", "4", false, "")
	f.BoolVarP(&r.inet6, "6", "6", false, "")
	f.StringVar(&r.engine, "engine", "auto", "")
	f.StringVar(&r.serverMode, "server-mode", "auto", "")
	f.StringVar(&r.activeAddress, "active-address", "", "")
	f.StringVar(&r.dataHost, "data-host", "control", "")
	f.BoolVar(&o.prefetch, "prefetch", false, "")
	f.BoolVar(&o.fxp, "fxp", false, "")
	f.StringVar(&r.tls, "tls", "refuse", "")
	f.BoolVar(&o.batch, "batch", false, "")
	f.BoolVarP(&o.quiet, "q", "q", false, "")
	f.CountVarP(&o.verbose, "v", "v", "")
	f.StringVar(&o.logFormat, "log-format", "text", "")
	f.StringVarP(&o.logFile, "E", "E", "", "")
	f.StringVar(&o.transferLog, "transfer-log", "", "")
	f.BoolVarP(&o.background, "f", "f", false, "")
	f.BoolVarP(&o.printing, "G", "G", false, "")
	f.BoolVar(&o.checking, "check", false, "")
	f.BoolVar(&o.demo, "demo", false, "")
	f.StringVar(&o.completion, "completion", "", "")
	f.BoolVarP(&o.version, "V", "V", false, "")
	f.BoolVarP(&o.help, "h", "h", false, "")
	return f
}

// parse reads the command line. Its error is a *usageError, beside which are the
// options that were read before it.
func parse(args []string) (*options, error) {
	o, r := new(options), new(raw)
	f := flagSet(o, r)
	err := f.Parse(args)
	if errors.Is(err, pflag.ErrHelp) {
		o.help = true // --help
		return o, nil
	}
	if err != nil {
		e := wordFlagError(f, err)
		if f.NArg() > 1 {
			e.hint = behindDashesHint // the option may be that of a command
		}
		return o, e
	}
	if o.help || o.version {
		return o, nil
	}
	if f.Changed("completion") {
		return o, o.checkCompletion()
	}
	operands := f.Args()
	if n := f.ArgsLenAtDash(); n >= 0 {
		operands, o.command = operands[:n], operands[n:]
		if len(o.command) == 0 {
			return o, usagef("no command after --")
		}
	}
	if err := o.check(f, r); err != nil {
		return o, err
	}
	if o.demo {
		return o, o.checkDemo(f, operands)
	}
	if err := o.checkCheck(f); err != nil {
		return o, err
	}
	if err := o.checkBackground(); err != nil {
		return o, err
	}
	return o, o.setOperands(operands, r)
}

// spelled returns an option as it is typed.
func spelled(f *pflag.Flag) string {
	if len(f.Name) == 1 {
		return "-" + f.Name
	}
	return "--" + f.Name
}
