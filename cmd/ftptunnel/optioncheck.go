package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"ftptunnel/ftpinspect"
	"ftptunnel/sshconn"

	"github.com/spf13/pflag"
)

// serverModes are the values of --server-mode.
var serverModes = map[string]ftpinspect.ServerMode{
	"auto":    ftpinspect.ModeAuto,
	"client":  ftpinspect.ModeClient,
	"passive": ftpinspect.ModePassive,
	"active":  ftpinspect.ModeActive,
}

// tlsModes are the values of --tls.
var tlsModes = map[string]ftpinspect.TLSMode{
	"refuse": ftpinspect.TLSRefuse,
	"pass":   ftpinspect.TLSPass,
}

// engines are the values of --engine.
var engines = map[string]sshconn.Engine{
	"auto":    sshconn.EngineAuto,
	"native":  sshconn.EngineNative,
	"openssh": sshconn.EngineOpenSSH,
}

// check turns the values of the options into what they mean.
func (o *options) check(f *pflag.FlagSet, r *raw) error {
	if r.inet4 && r.inet6 {
		return usagef("-4 and -6 exclude each other")
	}
	if r.inet4 {
		o.family = 4
	} else if r.inet6 {
		o.family = 6
	}
	if f.Changed("p") {
		port, err := parsePort(r.port)
		if err != nil {
			return usagef("-p: %v", err)
		}
		o.port = port
	}
	engine, ok := engines[r.engine]
	if !ok {
		return usagef("--engine is auto, native or openssh, not %q", r.engine)
	}
	o.engine = engine
	if o.logFormat != "text" && o.logFormat != "json" {
		return usagef("--log-format is text or json, not %q", o.logFormat)
	}
	if o.quiet && o.verbose > 0 {
		return usagef("-q and -v exclude each other")
	}
	return o.checkData(r)
}

// checkData checks the options that say how data connections are made.
func (o *options) checkData(r *raw) error {
	mode, ok := serverModes[r.serverMode]
	if !ok {
		return usagef("--server-mode is auto, client, passive or active, not %q", r.serverMode)
	}
	o.serverMode = mode
	switch r.dataHost {
	case "control":
	case "reply":
		o.replyHost = true
	default:
		return usagef("--data-host is control or reply, not %q", r.dataHost)
	}
	if o.tls, ok = tlsModes[r.tls]; !ok {
		return usagef("--tls is refuse or pass, not %q", r.tls)
	}
	if r.activeAddress == "" {
		return nil
	}
	if mode != ftpinspect.ModeActive {
		return usagef("--active-address needs --server-mode active")
	}
	a, err := netip.ParseAddr(r.activeAddress)
	if err != nil {
		return usagef("--active-address: %q is not an IP address", r.activeAddress)
	}
	o.activeAddress = a
	return nil
}

// behindDashesHint is for a command that is not told from the operands.
const behindDashesHint = "a command to run stands after --, as in: ftptunnel files -- curl {url}/"

// setOperands takes the destination and what is to be forwarded.
func (o *options) setOperands(operands []string, r *raw) error {
	switch n := len(operands); {
	case n == 0:
		return usagef("no destination")
	case n == 3 && isPort(operands[2]):
		return &usageError{
			text: "too many operands",
			hint: fmt.Sprintf("host and port are one word: ftptunnel %s %s:%s", operands[0], operands[1], operands[2]),
		}
	case n > 2:
		return &usageError{
			text: "too many operands",
			hint: behindDashesHint,
		}
	case n == 2 && len(r.forwards) > 0:
		name, _ := r.forwards[0].kind.option()
		return usagef("a target and %s exclude each other", name)
	case r.listen != "" && len(r.forwards) > 0:
		name, _ := r.forwards[0].kind.option()
		return usagef("--listen and %s exclude each other", name)
	}
	o.destination = operands[0]
	if err := checkDestination(o.destination); err != nil {
		return err
	}
	for _, one := range r.forwards {
		f, err := parseForward(one.kind, one.text)
		if err != nil {
			return err
		}
		o.forwards = append(o.forwards, f)
	}
	if o.byOption = len(r.forwards) > 0; o.byOption {
		return nil
	}
	return o.setTarget(operands[1:], r.listen)
}

// setTarget makes the one forward that a target, or none, asks for.
func (o *options) setTarget(operands []string, listen string) error {
	f := forward{bind: "localhost", port: 2121, host: "localhost", hostPort: 21}
	if len(o.command) > 0 {
		f.port = 0
	}
	if listen != "" {
		if err := f.parseListen(listen); err != nil {
			return err
		}
	}
	if len(operands) > 0 {
		if port := strings.TrimPrefix(operands[0], ":"); isPort(port) {
			return &usageError{
				text: fmt.Sprintf("the target %q is a port without a host", operands[0]),
				hint: fmt.Sprintf("ftptunnel %s localhost:%s", o.destination, port),
			}
		}
		if err := f.parseTarget(operands[0]); err != nil {
			return err
		}
	}
	o.forwards = []forward{f}
	return nil
}

// checkCompletion checks for which shell the script is to be.
func (o *options) checkCompletion() error {
	if !slices.Contains(shells, o.completion) {
		return usagef("--completion is bash, zsh or fish, not %q", o.completion)
	}
	return nil
}

// withDemo are the options that mean something to --demo.
var withDemo = map[string]bool{"demo": true, "q": true, "v": true, "log-format": true, "E": true}

// checkDemo refuses what --demo has no use for: it takes nothing from outside.
func (o *options) checkDemo(f *pflag.FlagSet, operands []string) error {
	if len(operands) > 0 {
		return usagef("--demo takes no destination")
	}
	var err error
	f.Visit(func(g *pflag.Flag) {
		if err == nil && !withDemo[g.Name] {
			err = usagef("--demo and %s exclude each other", spelled(g))
		}
	})
	return err
}

// checkCheck refuses what --check has no use for: it has a client of its own.
func (o *options) checkCheck(f *pflag.FlagSet) error {
	if !o.checking {
		return nil
	}
	for _, name := range []string{"L", "R", "D", "listen", "transfer-log"} {
		if g := f.Lookup(name); g.Changed {
			return usagef("--check and %s exclude each other", spelled(g))
		}
	}
	if len(o.command) > 0 {
		return usagef("--check takes no command")
	}
	return nil
}
