package netlab

import (
	"fmt"
	"os"
	"path/filepath"
)

// settings are the sysctls of every host, so that what is measured depends less
// on the machine and not on what was measured before. Congestion control is the
// machine's: a namespace may not choose any other than its default. The
// windows are large enough for a link of 200 ms.
var settings = []struct{ name, value string }{
	{"ipv4/ip_forward", "0"},
	{"ipv4/tcp_rmem", "4096 131072 67108864"},
	{"ipv4/tcp_wmem", "4096 131072 67108864"},
	{"ipv4/tcp_no_metrics_save", "1"},
}

// tune applies the settings to the host that it runs on.
func tune() error {
	for _, s := range settings {
		if err := os.WriteFile(filepath.Join("/proc/sys/net", s.name), []byte(s.value), 0); err != nil {
			return fmt.Errorf("sysctl: %w", err)
		}
	}
	return nil
}
