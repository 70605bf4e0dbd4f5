package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"ftptunnel/sshconn"
)

// patience is how long --check waits for the answer of a server where the
// configuration does not say (ConnectTimeout): a person waits for the report.
const patience = 15 * time.Second

// check is one run of --check.
type check struct {
	*program
	report  *checkReport
	forward forward
	cfg     *sshconn.Config
	client  *sshconn.Client // nil until there is a configuration
	login   foundLogin

	failedAt map[string]string // of a hop: the failed one that it depends on

	mu     sync.Mutex // guards events
	events []sshconn.Event
	news   chan struct{} // has a token when events has grown
}

// runCheck tests every hop from the configuration to a data connection in each
// mode, reports, and returns the exit code.
func (p *program) runCheck(ctx context.Context) int {
	sigs, stop := notifySignals(false)
	defer stop()
	ctx, stop = untilSignal(ctx, sigs)
	defer stop()
	c := &check{
		program: p, forward: p.forwards[0], failedAt: map[string]string{}, news: make(chan struct{}, 1),
		report: &checkReport{w: p.result, json: p.logFormat == "json", count: map[string]int{}},
	}
	c.run(ctx)
	if c.client != nil {
		_ = c.client.Close()
	}
	if interrupted, ok := errors.AsType[signalError](context.Cause(ctx)); ok {
		return interrupted.exitStatus()
	}
	return c.report.end()
}

// run tests the hops in the order in which a packet meets them.
func (c *check) run(ctx context.Context) {
	c.test(ctx, "ssh config", "", c.testConfig)
	c.testWay(ctx)
	c.test(ctx, "exec", "login", c.testExec)
	c.testTarget(ctx)
	c.test(ctx, "features", "ftp", c.testFeatures)
	c.test(ctx, "remote forward", "login", c.testRemote)
	c.test(ctx, "ftp login", "features", c.testFTPLogin)
	for _, mode := range []string{"EPSV", "PASV", "EPRT", "PORT"} {
		c.test(ctx, mode, "ftp login", func(ctx context.Context) hop { return c.testMode(ctx, mode) })
	}
}

// test runs one test and reports it, unless a hop that it needs has failed.
func (c *check) test(ctx context.Context, name, needs string, f func(context.Context) hop) {
	if ctx.Err() != nil {
		return
	}
	if cause := c.failedAt[needs]; cause != "" {
		c.failedAt[name] = cause
		c.tell(name, notTested("%s failed", cause))
		return
	}
	if h := f(ctx); ctx.Err() == nil {
		c.tell(name, h)
	}
}

// tell reports a hop.
func (c *check) tell(name string, h hop) {
	h.Hop = name
	if h.Result == hopFailed {
		c.failedAt[name] = name
	}
	c.report.write(h)
}

// wrong is a hop that failed for an error: its words, and the remedies that are
// given or else the hint that goes with it.
func (c *check) wrong(err error, remedy ...string) hop {
	if len(remedy) == 0 {
		if hint := c.hint(err); hint != "" {
			remedy = []string{hint}
		}
	}
	return failed(describe(err), remedy...)
}

// waits is how long a server is waited for.
func (c *check) waits() time.Duration { return c.cfg.ConnectTimeout }

// sshHost names the machine of the SSH server, for its administrator.
func (c *check) sshHost() string { return c.cfg.HostName }

// ftpHost names the machine of the FTP server, for its administrator.
func (c *check) ftpHost() string {
	if onSSHHost(c.forward.host) {
		return c.sshHost()
	}
	return c.forward.host
}

// again is the command line that forwards what is tested.
func (c *check) again() string {
	return c.commandLine("ftptunnel") + " " + c.forward.target()
}

// addressOf words an address that may not be one of the network.
func addressOf(a net.Addr) string {
	if a, ok := a.(*net.TCPAddr); ok {
		return a.String()
	}
	return ""
}
