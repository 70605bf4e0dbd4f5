//go:build unix

package main_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"ftptunnel/testenv/daemons"
)

// --check against real servers: as they are installed, and with the faults that
// their own configuration can make.
func TestCheckRealServers(t *testing.T) {
	path := buildProgram(t, withRace)
	for _, c := range []struct {
		name        string
		sshd, ftpd  []string
		code        int
		want, never []string
	}{
		{name: "as installed", want: []string{
			"\nok          host key        ED25519 SHA256:", "\nok          login           ", "\nok          exec            \"exit 0\"\n",
			"\nok          remote forward  permitted, on 127.0.0.1 alone\n", "straight\nok          PASV", "straight\n\nPASS: 14 ok\n",
		}},
		{name: "GatewayPorts yes", sshd: []string{"GatewayPorts yes"}, code: 1, want: []string{
			"\nfail        remote forward  ", "sshd_config on 127.0.0.1: GatewayPorts no", "\nok          EPSV  ",
		}},
		{name: "no sessions", sshd: []string{"MaxSessions 0"}, want: []string{
			"\nok          exec            \"exit 0\" was not executed, ", "sshd_config on 127.0.0.1: MaxSessions 1", "\nPASS: ",
		}},
		{name: "forwarding off", sshd: []string{"AllowTcpForwarding no"}, code: 1, want: []string{
			"\nfail        forward         the SSH server does not permit", "AllowTcpForwarding yes", "\nnot tested  PORT            forward failed\n",
		}},
		{name: "PASV refused", sshd: []string{"AllowTcpForwarding local"}, ftpd: []string{"pasv_enable=NO"}, code: 1, want: []string{
			"\nfail        EPSV  ", "\nfail        PASV  ", "vsftpd.conf: pasv_enable=YES\n",
		}},
		{name: "PASV refused, bridged", ftpd: []string{"pasv_enable=NO"}, want: []string{
			"bridged to EPRT: the server refused EPSV: 550", "vsftpd.conf: pasv_enable=YES\n", "\nPASS: ",
		}},
		{name: "PORT refused", ftpd: []string{"port_enable=NO"}, want: []string{
			"bridged to EPSV: the server refused EPRT: 550", "\nPASS: ",
		}, never: []string{"remedy"}},
		{name: "FTPS only", ftpd: []string{"ssl_enable=YES", "allow_anon_ssl=YES", "force_anon_logins_ssl=YES",
			"force_anon_data_ssl=YES", "rsa_cert_file=" + certificate(t)}, code: 1, want: []string{
			"\nfail        features        TLS is required: ", "force_anon_logins_ssl=NO", "\nnot tested  EPSV            features failed\n",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ssh := daemons.SSHD(t, daemons.SSHOptions{Extra: c.sshd})
			ftp := daemons.VSFTPD(t, daemons.FTPOptions{Extra: c.ftpd})
			config := daemons.SSHConfig(t, daemons.Alias{Name: "box", Server: ssh})
			cmd := exec.Command(path, "--check", "--batch", "-F", config, "box", ftp.Addr)
			cmd.Env = append(cmd.Environ(), "NETRC=/nonexistent")
			out, err := cmd.Output()
			code := 0
			if ended, ok := errors.AsType[*exec.ExitError](err); ok {
				code = ended.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			text := "\n" + string(out)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range append(c.want, ", by "+config+":1\n") {
				if !strings.Contains(text, want) {
					t.Errorf("no %q", want)
				}
			}
			for _, never := range c.never {
				if strings.Contains(text, never) {
					t.Errorf("%q", never)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}
