//go:build unix

package main_test

import (
	"fmt"
	"os"
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

// table collects the outcome of each cell. Safe for concurrent use.
type table struct {
	mu    sync.Mutex // guards cells
	cells map[string]string
}

func (m *table) set(row string, column leg, outcome string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cells[row+column.String()] = outcome
}

func rowName(client string, mode clients.Mode, serverMode string) string {
	return fmt.Sprintf("%s\t%s\t%s", client, mode, serverMode)
}

// String prints a line for each client, mode and --server-mode.
func (m *table) String(ssh string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t\t--server-mode", ssh)
	for _, l := range matrixLegs(ssh) {
		fmt.Fprintf(w, "\t%s %s", strings.TrimSuffix(l.ftp, "-ftpd"), strings.TrimPrefix(l.family(l.serverIPv6), "IP"))
	}
	for _, client := range clients.All {
		for _, mode := range []clients.Mode{clients.PASV, clients.EPSV, clients.PORT, clients.EPRT} {
			for _, serverMode := range serverModes {
				row := rowName(client.Name(), mode, serverMode)
				fmt.Fprintf(w, "\n%s", row)
				for _, l := range matrixLegs(ssh) {
					l.serverMode = serverMode
					outcome, ok := m.cells[row+l.String()]
					if !ok {
						outcome = "cannot" // the client does not have this mode
					}
					fmt.Fprintf(w, "\t%s", outcome)
				}
			}
		}
	}
	fmt.Fprintln(w)
	w.Flush()
	return text.String()
}

var serverModes = []string{"auto", "passive", "active"}

// TestMatrix runs every client in every mode through every SSH server to every
// FTP server over IPv4 and IPv6 in every --server-mode, and prints a table.
func TestMatrix(t *testing.T) {
	if os.Getenv("FTPTUNNEL_MATRIX") != "1" {
		t.Skip("it takes long: make matrix")
	}
	path := buildProgram(t, withRace)
	for _, ssh := range daemons.SSHServers {
		m := &table{cells: make(map[string]string)}
		t.Run(ssh.Name, func(t *testing.T) {
			for _, l := range matrixLegs(ssh.Name) {
				for _, l.serverMode = range serverModes {
					t.Run(l.String(), func(t *testing.T) {
						t.Parallel()
						m.fill(t, path, l)
					})
				}
			}
		})
		fmt.Println(m.String(ssh.Name))
	}
}

// fill runs the cells of one leg.
func (m *table) fill(t *testing.T, path string, l leg) {
	p, ftp := l.start(t, path, "-vv")
	for _, cell := range l.cells(t, p, ftp) {
		row := rowName(cell.Client.Name(), cell.Mode, l.serverMode)
		m.set(row, l, "skip")
		t.Run(cell.Client.Name()+" "+string(cell.Mode), func(t *testing.T) {
			outcome := "ok"
			if err := exercise(t, cell); err != nil {
				t.Error(err)
				outcome = "FAIL"
			}
			m.set(row, l, outcome)
		})
	}
}
