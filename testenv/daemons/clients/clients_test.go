//go:build unix

package clients

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ftptunnel/testenv/daemons"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Every client moves files with every server in every mode that both have,
// with nothing between them: what fails elsewhere is not theirs.
func TestClientsReachServers(t *testing.T) {
	for _, launcher := range daemons.FTPServers {
		for _, ipv6 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s ipv6=%v", launcher.Name, ipv6), func(t *testing.T) {
				t.Parallel()
				server := launcher.Start(t, daemons.FTPOptions{IPv6: ipv6})
				Populate(t, server)
				for _, client := range All {
					for _, mode := range client.Modes(ipv6) {
						t.Run(client.Name()+" "+string(mode), func(t *testing.T) {
							t.Parallel()
							if refused(client, mode, server) {
								t.Skip("the server refuses the wildcard address in lftp's EPRT")
							}
							exercise(t, Cell{client, mode, Direct(server), server})
						})
					}
				}
			})
		}
	}
}

// refused reports whether a server is right to refuse a client's mode: over
// IPv6 lftp 4.9.2 sends EPRT |2|::|port|, which vsftpd alone obeys.
func refused(client Client, mode Mode, server *daemons.FTPServer) bool {
	return client == LFTP{} && mode == EPRT && server.Name != "vsftpd"
}

func exercise(t *testing.T, c Cell) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.Exercise(ctx, t); err != nil {
		t.Error(err)
	}
}

// A client in a mode asks for data connections with that mode's command and
// with no other.
func TestClientSendsItsMode(t *testing.T) {
	for _, ipv6 := range []bool{false, true} {
		for _, client := range All {
			for _, mode := range client.Modes(ipv6) {
				t.Run(fmt.Sprintf("%s %s ipv6=%v", client.Name(), mode, ipv6), func(t *testing.T) {
					t.Parallel()
					log := filepath.Join(daemons.Folder(t), "log")
					server := daemons.VSFTPD(t, daemons.FTPOptions{
						IPv6:  ipv6,
						Extra: []string{"log_ftp_protocol=YES", "vsftpd_log_file=" + log},
					})
					Populate(t, server)
					exercise(t, Cell{client, mode, Direct(server), server})
					if got := modesIn(t, log); !slices.Equal(got, []string{string(mode)}) {
						t.Errorf("it sent %v", got)
					}
				})
			}
		}
	}
}

// modesIn returns the mode commands in a log of vsftpd's, each once.
func modesIn(t *testing.T, log string) []string {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var modes []string
	for _, match := range regexp.MustCompile(`"(PASV|EPSV|PORT|EPRT|LPSV|LPRT)\b`).FindAllSubmatch(text, -1) {
		modes = append(modes, string(match[1]))
	}
	slices.Sort(modes)
	return slices.Compact(modes)
}
