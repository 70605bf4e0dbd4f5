//go:build unix

package main_test

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"ftptunnel/testenv/daemons"
	"ftptunnel/testenv/daemons/clients"
)

// matrixLegs are the columns of the matrix for one SSH server, without the
// server's mode.
func matrixLegs(ssh string) []leg {
	var legs []leg
	for _, ftp := range daemons.FTPServers {
		for _, ipv6 := range []bool{false, true} {
			legs = append(legs, leg{ssh: ssh, ftp: ftp.Name, serverIPv6: ipv6})
		}
	}
	return legs
}

// outcomes collects what became of each cell, by row and column. Safe for
// concurrent use.
type outcomes struct {
	mu    sync.Mutex // guards cells
	cells map[string]string
}

func (o *outcomes) set(row row, column leg, outcome string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cells[row.String()+column.String()] = outcome
}

func (o *outcomes) get(row row, column leg) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if outcome, ok := o.cells[row.String()+column.String()]; ok {
		return outcome
	}
	return "not run"
}

// row is a client in a mode. What it does not have over IPv4 it does over
// IPv6; what it has over neither it cannot.
type row struct {
	client clients.Client
	mode   clients.Mode
	ipv6   bool
	cannot bool
}

func (r row) String() string {
	name := r.client.Name() + "\t" + string(r.mode)
	if r.ipv6 {
		name += " at ::1"
	}
	return name
}

// works is what the table says of a row in which all that the client can do
// works.
func (r row) works() string {
	if r.client.Put(clients.Site{}, r.mode, "", "").Program == "" {
		return "no put"
	}
	return "ok"
}

// rows are those of every client.
func rows() []row {
	var all []row
	for _, client := range clients.All {
		for _, mode := range []clients.Mode{clients.PASV, clients.EPSV, clients.PORT, clients.EPRT} {
			r := row{client: client, mode: mode}
			r.ipv6 = !slices.Contains(client.Modes(false), mode) && slices.Contains(client.Modes(true), mode)
			r.cannot = !r.ipv6 && !slices.Contains(client.Modes(false), mode)
			all = append(all, r)
		}
	}
	return all
}

// print prints a line for each client, mode and --server-mode.
func (o *outcomes) print(out io.Writer, ssh string) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "through %s\tclient's\tserver's", ssh)
	for _, l := range matrixLegs(ssh) {
		fmt.Fprintf(w, "\t%s %s", strings.TrimSuffix(l.ftp, "-ftpd"), strings.TrimPrefix(l.family(l.serverIPv6), "IP"))
	}
	for _, r := range rows() {
		if r.cannot {
			fmt.Fprintf(w, "\n%s\tnone%s", r, strings.Repeat("\tcannot", len(matrixLegs(ssh))))
			continue
		}
		for _, serverMode := range []string{"auto", "passive", "active"} {
			fmt.Fprintf(w, "\n%s\t%s", r, serverMode)
			for _, l := range matrixLegs(ssh) {
				l.serverMode = serverMode
				fmt.Fprintf(w, "\t%s", o.get(r, l))
			}
		}
	}
	fmt.Fprintln(w)
	w.Flush()
	fmt.Fprintln(out, "ok: list, get and put with equal SHA-256; no put: the same, by a client that cannot upload;\n"+
		"cannot: the client does not have this mode; at ::1: it has it over IPv6 alone and is served there")
}

// TestMatrix runs every client in every mode through every SSH server to every
// FTP server over IPv4 and IPv6 in every --server-mode, and prints a table.
func TestMatrix(t *testing.T) {
	if os.Getenv("FTPTUNNEL_MATRIX") != "1" {
		t.Skip("it takes long: make matrix")
	}
	path := buildProgram(t, withRace)
	for _, ssh := range daemons.SSHServers {
		o := &outcomes{cells: make(map[string]string)}
		t.Run(ssh.Name, func(t *testing.T) {
			for _, l := range matrixLegs(ssh.Name) {
				for _, serverMode := range []string{"auto", "passive", "active"} {
					l := l // the inner loop's own
					l.serverMode = serverMode
					t.Run(l.String(), func(t *testing.T) {
						t.Parallel()
						o.fill(t, path, l)
					})
				}
			}
		})
		o.print(os.Stdout, ssh.Name)
	}
}

// fill runs the cells of one leg.
func (o *outcomes) fill(t *testing.T, path string, l leg) {
	p, ftp := l.start(t, path, "-vv")
	site := p.site(t, ftp)
	for _, r := range rows() {
		if r.cannot {
			continue
		}
		cell := clients.Cell{Client: r.client, Mode: r.mode, Site: site, Server: ftp}
		if r.ipv6 {
			cell.Site.Host = "::1"
		}
		t.Run(strings.ReplaceAll(r.String(), "\t", " "), func(t *testing.T) {
			o.set(r, l, "skipped")
			if err := exercise(t, cell); err != nil {
				o.set(r, l, "FAILED")
				t.Fatal(err)
			}
			o.set(r, l, r.works())
		})
	}
}
