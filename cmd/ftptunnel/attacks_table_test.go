//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"ftptunnel/testenv"
)

// attack is one row of the table: what is tried, and where it is known from.
type attack struct {
	name, known string
	play        func(*assault) error // nil: the attacker got nothing
}

// assault is an attack under way: on a tunnel between embedded servers.
type assault struct {
	*scene
	run *running
}

// attacks are all rows.
var attacks = slices.Concat(portAttacks, theftAttacks, forwardAttacks, serverAttacks, wireAttacks, limitAttacks)

// Each row plays an attacker against the program.
func TestAttacks(t *testing.T) {
	verdicts := newTable("verdict", "known from")
	var all []func()
	for _, a := range attacks {
		verdicts.row(a.name)
		verdicts.set(a.name, "known from", a.known)
		all = append(all, func() {
			t.Run(strings.ReplaceAll(a.name, " ", "_"), func(t *testing.T) {
				verdict := "repelled"
				defer func() { verdicts.set(a.name, "verdict", verdict) }()
				s := &assault{scene: newScene(t)}
				s.run = start(t, false, s.args("-vv")...)
				if err := a.play(s); err != nil {
					verdict = "FAIL"
					t.Errorf("%v\nlog:\n%s", err, tail(s.run.log.String()))
				} else if t.Skipped() {
					verdict = "not possible here"
				}
				s.run.end()
			})
		})
	}
	atOnce(cellsAtOnce/2, all)
	if fullForm("ATTACKS") {
		verdicts.print(os.Stdout, "attack")
	}
}

// tail is the end of a long text.
func tail(s string) string { return s[max(0, len(s)-6000):] }

// enter logs in and is gone with the test.
func (a *assault) enter() (*witness, error) {
	w, err := enter(a.run.addr)
	if err == nil {
		a.t.Cleanup(func() { w.conn.Close() })
	}
	return w, err
}

// commands are those that the FTP server has seen.
func (a *assault) commands() []string { return a.ftp.Counts().Commands }

// unseen is an error if the server has seen a command that begins so.
func (a *assault) unseen(starts ...string) error {
	for _, c := range a.commands() {
		for _, start := range starts {
			if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(c)), start) {
				return fmt.Errorf("the FTP server has seen %q", c)
			}
		}
	}
	return nil
}

// probed is where the program has the SSH server look whether its remote
// forwards are open to others. Nobody listens there in these tests but victims.
const probed = "127.0.0.2:"

// onlyTarget is an error if the SSH server was asked for another host than the
// FTP server's.
func (a *assault) onlyTarget() error {
	for _, target := range a.ssh.Counts().Targets {
		if !strings.HasPrefix(target, "127.0.0.1:") && !strings.HasPrefix(target, probed) {
			return fmt.Errorf("the SSH server was asked for %s", target)
		}
	}
	return nil
}

// dials is how many connections the SSH server was asked to make, but for
// probes.
func (a *assault) dials() (n int) {
	for _, target := range a.ssh.Counts().Targets {
		if !strings.HasPrefix(target, probed) {
			n++
		}
	}
	return n
}

// well is that the session still works: a file can be had in each mode.
func (a *assault) well(w *witness) error {
	a.ftp.SetFaults(testenv.Faults{})
	for _, mode := range modes {
		got, err := w.fetch(mode, nextFile)
		if err != nil {
			return fmt.Errorf("afterwards: %s: %w", mode, err)
		}
		if got != a.tree.SHA256(nextFile) {
			return fmt.Errorf("afterwards: %s: another hash", mode)
		}
	}
	return nil
}

// answered sends a line that must be answered by one of these codes.
func answered(w *witness, line string, codes ...string) error {
	reply, err := w.ask(line)
	if err != nil {
		return fmt.Errorf("%q: %w", line, err)
	}
	for _, code := range codes {
		if strings.HasPrefix(reply, code) {
			return nil
		}
	}
	return fmt.Errorf("%q was answered %q", line, reply)
}
